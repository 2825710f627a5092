/** @file The factor an update multiplies gradients by: it clips by the global norm, or cancels the update. */

import { apply, type Operation, output } from '../operation.ts';
import type { Tensor } from '../tensor.ts';

interface Clipping {
  /** Largest norm; 0 turns clipping off. */
  readonly gradientClip: number;
}

const clipFactorForward: Operation<Clipping> = {
  name: 'clip_factor',
  tensors: { inputs: ['squaredNorm', 'statistics', 'normLimit', 'lossLimit'], outputs: ['norm', 'factor'] },
  constants: ({ attributes: { gradientClip } }) => ({ gradientClip }),
  flops: () => 4,
};

/**
 * norm = √squaredNorm, and factor = min(1, gradientClip / (norm + 1e-6)) as PyTorch's `clip_grad_norm_` has it. The
 * factor is −1, for no update, unless norm ≤ normLimit and loss ≤ lossLimit (NaN exceeds both).
 *
 * @param measured squaredNorm, a float64 scalar; statistics float32, the loss first
 * @param limits float32 scalars
 * @returns float32 scalars
 */
export function clipFactor(
  measured: { readonly squaredNorm: Tensor; readonly statistics: Tensor },
  limits: { readonly normLimit: Tensor; readonly lossLimit: Tensor },
  clipping: Clipping,
): { readonly norm: Tensor; readonly factor: Tensor } {
  const scalar = { shape: [], dtype: 'float32' } as const;
  const inputs = [measured.squaredNorm, measured.statistics, limits.normLimit, limits.lossLimit];
  const node = apply(measured.statistics.graph, clipFactorForward, { inputs, outputs: [scalar, scalar] }, clipping);
  return { norm: output(node, 0), factor: output(node, 1) };
}
