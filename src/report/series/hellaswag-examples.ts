/** @file Marks a HellaSwag accuracy over part of the examples (`train --hellaswag-every`): it is far less certain. */

import { HELLASWAG_EXAMPLES } from '../../eval/hellaswag-source.ts';
import type { RunCurves } from './curves.ts';

/** The number of examples, to follow an accuracy: ` (503 examples)`; empty when it is over all, or unknown. */
export function ofExamples(examples: number | undefined): string {
  return examples === undefined || examples >= HELLASWAG_EXAMPLES ? '' : ` (${examples} examples)`;
}

/** The same, to follow the title of what shows the accuracies of several runs. */
export function ofExamplesEach(runs: readonly RunCurves[]): string {
  const measured = runs.filter(({ series }) => series.hellaswag.steps.length > 0);
  const [first = '', ...others] = new Set(measured.map(({ hellaswagExamples }) => ofExamples(hellaswagExamples)));
  return others.length === 0 ? first : ' (not all of the same examples)';
}
