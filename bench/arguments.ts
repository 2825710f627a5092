/** @file The flags that every work takes, ours and the peers' alike: `--batch 4 --length 256 --precision bf16 …`. */

import { parseArgs } from 'node:util';
import type { Precision } from '#minillm/engine/tensor.js';
import { INFERENCE_PRECISIONS, type InferencePrecision, inferenceTypes } from '#minillm/model/inference-precision.js';
import type { PresetName } from '#minillm/model/presets.js';
import type { Device } from './device.ts';

export interface WorkArguments {
  readonly device: Device;
  readonly preset: PresetName;
  readonly batch: number;
  readonly length: number;
  /** A matrix product's columns in and out. */
  readonly columns: readonly [number, number];
  /** That of activations. */
  readonly precision: Precision;
  readonly inferencePrecision: InferencePrecision;
  readonly threads: number;
  /** Timed repetitions, after one or two that are not timed. */
  readonly runs: number;
  /** What was prepared for the work: a folder of weights, a file. */
  readonly input: string;
  /** Where a peer that is a package was installed. */
  readonly installed: string;
}

export function workArguments(): WorkArguments {
  const { values } = parseArgs({
    options: {
      device: { type: 'string', default: 'cpu' },
      preset: { type: 'string', default: 'gpt2-124m' },
      batch: { type: 'string', default: '4' },
      length: { type: 'string', default: '256' },
      columns: { type: 'string', default: '768,768' },
      precision: { type: 'string', default: 'fp32' },
      threads: { type: 'string', default: '2' },
      runs: { type: 'string', default: '3' },
      input: { type: 'string', default: '' },
      installed: { type: 'string', default: '' },
    },
  });
  const [columnsIn = 0, columnsOut = 0] = values.columns.split(',').map(Number);
  const inferencePrecision = INFERENCE_PRECISIONS.find((name) => name === values.precision) ?? 'fp32';
  return {
    device: values.device as Device,
    preset: values.preset as PresetName,
    batch: Number(values.batch),
    length: Number(values.length),
    columns: [columnsIn, columnsOut],
    precision: inferenceTypes(inferencePrecision).precision,
    inferencePrecision,
    threads: Number(values.threads),
    runs: Number(values.runs),
    input: values.input,
    installed: values.installed,
  };
}
