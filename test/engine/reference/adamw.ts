/** @file AdamW as PyTorch does it (Loshchilov & Hutter 2019), on gradients clipped by their global norm. */

export interface AdamWSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly gradientClip: number;
}

export interface AdamWState {
  readonly parameters: Float64Array;
  readonly firstMoments: Float64Array;
  readonly secondMoments: Float64Array;
}

/** Update number `updates` (from 1), in place. `norm` is that of all gradients, of which these may be a part. */
export function adamw(
  { parameters, firstMoments, secondMoments }: AdamWState,
  gradients: Float64Array,
  norm: number,
  updates: number,
  { learningRate, beta1, beta2, epsilon, weightDecay, gradientClip }: AdamWSettings,
): void {
  const scale = gradientClip > 0 ? Math.min(1, gradientClip / (norm + 1e-6)) : 1;
  gradients.forEach((unscaled, i) => {
    const gradient = unscaled * scale;
    firstMoments[i] = beta1 * firstMoments[i]! + (1 - beta1) * gradient;
    secondMoments[i] = beta2 * secondMoments[i]! + (1 - beta2) * gradient ** 2;
    const mean = firstMoments[i]! / (1 - beta1 ** updates);
    const deviation = Math.sqrt(secondMoments[i]! / (1 - beta2 ** updates)) + epsilon;
    parameters[i] = parameters[i]! * (1 - learningRate * weightDecay) - (learningRate * mean) / deviation;
  });
}
