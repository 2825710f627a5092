/**
 * @file The learning rate of each step: linear warm-up, then a cosine to the minimum (Loshchilov & Hutter 2017, SGDR), or
 * the peak until a linear warm-down to it (Hägele et al. 2024).
 */

export const SCHEDULE_NAMES = ['cosine', 'constant-then-linear'] as const;

export type ScheduleName = (typeof SCHEDULE_NAMES)[number];

export interface Schedule {
  readonly learningRate: number;
  readonly minLearningRate: number;
  readonly warmupSteps: number;
  /** The last steps, in which a constant rate falls; none for a cosine, which falls from the warm-up on. */
  readonly warmdownSteps?: number | undefined;
  readonly steps: number;
}

/** The learning rate of `step`, counted from 0. */
export function learningRateAt(step: number, settings: Schedule): number {
  const { learningRate, minLearningRate, warmupSteps, warmdownSteps, steps } = settings;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  if (step >= steps) return minLearningRate;
  if (warmdownSteps === undefined) {
    const progress = (step - warmupSteps) / (steps - warmupSteps);
    return minLearningRate + 0.5 * (1 + Math.cos(Math.PI * progress)) * (learningRate - minLearningRate);
  }
  const left = Math.min(1, (steps - step) / warmdownSteps);
  return minLearningRate + left * (learningRate - minLearningRate);
}
