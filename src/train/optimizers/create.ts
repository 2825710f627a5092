/** @file The optimizers a run can choose, by name. */

import { adamwOptimizer } from './adamw.ts';
import { muonOptimizer } from './muon.ts';
import type { Optimizer } from './optimizer.ts';

export const OPTIMIZER_NAMES = ['adamw', 'muon'] as const;

export type OptimizerName = (typeof OPTIMIZER_NAMES)[number];

const OPTIMIZERS = { adamw: adamwOptimizer, muon: muonOptimizer };

export function createOptimizer(settings: {
  readonly optimizer: OptimizerName;
  readonly weightDecay: number;
}): Optimizer {
  return OPTIMIZERS[settings.optimizer](settings);
}
