/** @file What gradients of a norm are multiplied by, as PyTorch's `clip_grad_norm_` does it. */

/** min(1, clip / (norm + 1e-6)); 1 where clip is 0. */
export function clipFactor(norm: number, clip: number): number {
  return clip > 0 ? Math.min(1, clip / (norm + 1e-6)) : 1;
}
