/** @file losses[n] = −log softmax(x[n]·wteᵀ)[targets[n]]; 0 where the target is −1. */

import { logits } from './logits.ts';

export interface HeadInputs {
  readonly x: Float64Array;
  readonly wte: Float64Array;
  readonly targets: Float64Array;
}

function probabilities({ x, wte, targets }: HeadInputs): Float64Array[] {
  const C = x.length / targets.length;
  return Array.from(targets, (_, n) => {
    const row = logits(x, wte, Float64Array.of(n), C);
    const highest = row.reduce((a, b) => Math.max(a, b));
    const powers = row.map((logit) => Math.exp(logit - highest));
    const total = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / total);
  });
}

export function crossEntropy(inputs: HeadInputs): Float64Array {
  const { targets } = inputs;
  return Float64Array.from(probabilities(inputs), (row, n) => (targets[n]! < 0 ? 0 : -Math.log(row[targets[n]!]!)));
}

/** Gradients of scale · Σ losses. */
export function crossEntropyBackward(inputs: HeadInputs, scale: number): { dx: Float64Array; dwte: Float64Array } {
  const { x, wte, targets } = inputs;
  const C = x.length / targets.length;
  const dx = new Float64Array(x.length);
  const dwte = new Float64Array(wte.length);
  probabilities(inputs).forEach((row, n) => {
    const target = targets[n]!;
    if (target < 0) return;
    row.forEach((probability, v) => {
      const dlogit = scale * (probability - (v === target ? 1 : 0));
      for (let c = 0; c < C; c++) {
        dx[n * C + c]! += dlogit * wte[v * C + c]!;
        dwte[v * C + c]! += dlogit * x[n * C + c]!;
      }
    });
  });
  return { dx, dwte };
}
