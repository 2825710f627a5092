/** @file Metrics as a trainer writes them, for tests of what reads them. */

import type { TrainMetrics } from '#minillm/runs/metrics.js';

/** What step `step` of some run measured; a second time takes it another time. */
export function trained(step: number, ms = 500): TrainMetrics {
  return { kind: 'train', step, loss: 10 - step, lr: 6e-4, norm: 1, ms, tokensPerSecond: 1000, mfu: 0.4 };
}
