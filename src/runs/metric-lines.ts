/** @file The lines of a run's log: steps, evaluations and samples. */

import { z } from 'zod';

/** A measured number. JSON has no NaN and no infinity; a run that diverged stores them as null. */
const measured = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
const step = z.int().nonnegative();
const count = z.int().nonnegative();

const trainSchema = z.object({
  kind: z.literal('train'),
  /** Counted from 0: the number of steps before this one. */
  step,
  /** Of the global batch, before the update. */
  loss: measured,
  lr: measured,
  /** Of the gradient, before clipping. */
  norm: measured,
  /** Of the step alone, in milliseconds. */
  ms: measured,
  tokensPerSecond: measured,
  /** Between 0 and 1. */
  mfu: measured,
  /** How many standard deviations loss and norm lie above the mean of the last steps, once there are enough of them. */
  lossZ: measured.optional(),
  normZ: measured.optional(),
  /** Why the update was not made. */
  skipped: z.enum(['not finite', 'outlier']).optional(),
});

const evalSchema = z.object({
  kind: z.literal('eval'),
  /** The number of steps that had been trained. */
  step,
  validationLoss: measured.optional(),
  hellaswag: z
    .object({ accuracy: measured, accuracyNorm: measured, correct: count, correctNorm: count, total: count })
    .optional(),
});

const sampleSchema = z.object({
  kind: z.literal('sample'),
  /** The number of steps that had been trained. */
  step,
  text: z.string(),
});

export const lineSchema = z.discriminatedUnion('kind', [trainSchema, evalSchema, sampleSchema]);

export type TrainMetrics = z.output<typeof trainSchema>;
export type EvalMetrics = z.output<typeof evalSchema>;
export type SampleMetrics = z.output<typeof sampleSchema>;
export type Metrics = z.output<typeof lineSchema>;

/** Whether a line reports something that a run resuming at `nextStep` will not do again. */
export function isBefore(line: Metrics, nextStep: number): boolean {
  return line.kind === 'train' ? line.step < nextStep : line.step <= nextStep;
}
