/** @file A run's step, totals and scaling, predicted. */

import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { trainingFlopsPerToken } from '../model/flops.ts';
import type { Settings } from '../train/settings.ts';
import type { Hardware } from './hardware.ts';
import type { MemoryParts } from './memory.ts';
import type { Planner } from './planner.ts';
import { type NodeSeconds, type StepTime, stepTime } from './step-time.ts';

/** What a run is planned with. */
export interface RunModel {
  readonly planner: Planner;
  readonly modelConfig: Gpt2Config;
  readonly settings: Settings;
  readonly hardware: Hardware;
  readonly nodeSeconds: NodeSeconds;
  readonly gradientBytes: number;
  readonly zero: 0 | 1;
  /** Rows of a micro-batch; undefined for the most that fit. */
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
 * The plan for so many ranks; undefined when the total batch cannot be shared equally by them, or a row does not fit. The
 * micro-batch is the largest that fits, at most the one asked for, of those that divide a rank's rows.
 */
export function planRun(model: RunModel, ranks: number): RunPlan | undefined {
  const { planner, settings, hardware, zero, modelConfig } = model;
  const { totalBatchSize, sequenceLength, precision } = settings;
  const rows = totalBatchSize / sequenceLength / ranks;
  if (!Number.isInteger(rows)) return undefined;
  const shared = { ranks, zero };
  const most = Math.min(rows, model.batchSize ?? planner.largestBatch(shared, Math.min(rows, MAX_ROWS)));
  const batchSize = largestDivisor(rows, most);
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

/** Rows of a micro-batch beyond which no device gets faster. */
const MAX_ROWS = 256;

function largestDivisor(rows: number, most: number): number {
  for (let divisor = Math.floor(most); divisor > 0; divisor--) if (rows % divisor === 0) return divisor;
  return 0;
}
