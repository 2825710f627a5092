/** @file What of a run's log holds when the run resumes at a step. */

import type { Metrics } from './metrics.ts';

/** Whether a line reports something that a run resuming at `nextStep` will not do again. */
export function isBefore(line: Metrics, nextStep: number): boolean {
  return line.kind === 'train' ? line.step < nextStep : line.step <= nextStep;
}
