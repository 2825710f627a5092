/** @file What a line of `metrics.jsonl` measured, by quantity. */

import type { Metrics } from '../../runs/metrics.ts';
import type { Quantity } from './curves.ts';

/** Nothing for a sample. */
export function measurementsOf(line: Metrics): Partial<Record<Quantity, number>> {
  if (line.kind === 'train')
    return {
      loss: line.loss,
      learningRate: line.lr,
      gradientNorm: line.norm,
      milliseconds: line.ms,
      tokensPerSecond: line.tokensPerSecond,
      mfu: line.mfu,
    };
  if (line.kind === 'sample') return {};
  return {
    ...(line.validationLoss === undefined ? {} : { validationLoss: line.validationLoss }),
    ...(line.hellaswag ? { hellaswag: line.hellaswag.accuracyNorm } : {}),
  };
}
