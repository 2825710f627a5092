/** @file A run's step, totals and scaling, predicted. */

import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { trainingFlopsPerToken } from '../model/flops.ts';
import type { Settings } from '../train/settings.ts';
import type { Hardware } from './hardware.ts';
import type { MemoryParts } from './memory.ts';
import type { Planner } from './planner.ts';
import { type NodeSeconds, type StepTime, stepTime } from './step-time.ts';

/** Rows of a micro-batch beyond which no device gets faster. */
const MAX_ROWS = 256;

/** What a run is planned with. */
export interface RunModel {
  readonly planner: Planner;
  readonly modelConfig: Gpt2Config;
  readonly settings: Settings;
  readonly hardware: Hardware;
  readonly nodeSeconds: NodeSeconds;
  readonly gradientBytes: number;
  readonly zero: 0 | 1;
  /** Rows of a micro-batch; undefined for as many as fit. */
  readonly batchSize: number | undefined;
}

export interface RunPlan {
  readonly ranks: number;
  readonly batchSize: number;
  readonly microSteps: number;
  readonly memory: MemoryParts;
  /** With what the device takes for itself. */
  readonly bytes: number;
  readonly time: StepTime;
  readonly tokensPerSecond: number;
  readonly mfu: number;
}

/**
 * The plan for so many ranks; undefined when the total batch cannot be shared equally by them, or not even one row fits. The
 * micro-batch is the largest divisor of a rank's rows that fits and is no larger than the one asked for.
 */
export function planRun(model: RunModel, ranks: number): RunPlan | undefined {
  const { planner, settings, hardware, zero, modelConfig } = model;
  const { totalBatchSize, sequenceLength, precision } = settings;
  const rows = totalBatchSize / sequenceLength / ranks;
  if (!Number.isInteger(rows)) return undefined;
  const shared = { ranks, zero };
  const max = Math.min(rows, model.batchSize ?? planner.largestBatch(shared, Math.min(rows, MAX_ROWS)));
  const batchSize = largestDivisor(rows, max);
  if (batchSize === 0) return undefined;
  const { workload, memory } = planner.rank(batchSize, shared);
  const microSteps = rows / batchSize;
  const shape = { ...shared, microSteps, gradientBytes: model.gradientBytes };
  const time = stepTime(workload, model.nodeSeconds, hardware, shape);
  const tokensPerSecond = totalBatchSize / time.seconds;
  const flops = trainingFlopsPerToken(modelConfig, sequenceLength);
  return {
    ranks,
    batchSize,
    microSteps,
    memory,
    bytes: planner.bytes(batchSize, shared),
    time,
    tokensPerSecond,
    mfu: (tokensPerSecond * flops) / (ranks * hardware.peak[precision]),
  };
}

function largestDivisor(rows: number, max: number): number {
  for (let divisor = Math.floor(max); divisor > 0; divisor--) if (rows % divisor === 0) return divisor;
  return 0;
}
