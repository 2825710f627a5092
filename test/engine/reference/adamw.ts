/** @file AdamW as PyTorch does it (Loshchilov & Hutter 2019), on gradients multiplied by a factor. */

export interface AdamWSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

export interface AdamWState {
  readonly parameters: Float64Array;
  readonly firstMoments: Float64Array;
  readonly secondMoments: Float64Array;
}

/** Update number `updateCount` (from 1), in place. */
export function adamw(
  { parameters, firstMoments, secondMoments }: AdamWState,
  gradients: Float64Array,
  factor: number,
  updateCount: number,
  { learningRate, beta1, beta2, epsilon, weightDecay }: AdamWSettings,
): void {
  gradients.forEach((unscaled, i) => {
    const gradient = unscaled * factor;
    firstMoments[i] = beta1 * firstMoments[i]! + (1 - beta1) * gradient;
    secondMoments[i] = beta2 * secondMoments[i]! + (1 - beta2) * gradient ** 2;
    const mean = firstMoments[i]! / (1 - beta1 ** updateCount);
    const deviation = Math.sqrt(secondMoments[i]! / (1 - beta2 ** updateCount)) + epsilon;
    parameters[i] = parameters[i]! * (1 - learningRate * weightDecay) - (learningRate * mean) / deviation;
  });
}
