/** @file The learning rate of each step: linear warm-up, then a cosine to the minimum (Loshchilov & Hutter 2017, SGDR). */

export interface Schedule {
  readonly learningRate: number;
  readonly minLearningRate: number;
  readonly warmupSteps: number;
  readonly steps: number;
}

/** The learning rate of `step`, counted from 0. */
export function learningRateAt(step: number, { learningRate, minLearningRate, warmupSteps, steps }: Schedule): number {
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  if (step >= steps) return minLearningRate;
  const progress = (step - warmupSteps) / (steps - warmupSteps);
  return minLearningRate + 0.5 * (1 + Math.cos(Math.PI * progress)) * (learningRate - minLearningRate);
}
