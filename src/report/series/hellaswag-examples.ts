/** @file A HellaSwag accuracy of a part of the examples (`train --hellaswag-every`) is told as such: it is far less certain. */

import { HELLASWAG_EXAMPLES } from '../../eval/hellaswag-source.ts';
import type { RunCurves } from './curves.ts';

/** Of how many examples an accuracy is, to stand behind it: ` (503 examples)`; nothing where it is of all, or where that is not known. */
export function ofExamples(examples: number | undefined): string {
  return examples === undefined || examples >= HELLASWAG_EXAMPLES ? '' : ` (${examples} examples)`;
}

/** The same to stand behind the title of what shows the accuracies of several runs. */
export function ofExamplesEach(runs: readonly RunCurves[]): string {
  const measured = runs.filter(({ series }) => series.hellaswag.steps.length > 0);
  const [first = '', ...others] = new Set(measured.map(({ hellaswagExamples }) => ofExamples(hellaswagExamples)));
  return others.length === 0 ? first : ' (not all of the same examples)';
}
