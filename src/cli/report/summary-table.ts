/** @file The latest figures of runs as a table. */

import { formatMeasured } from '../../report/figure/number-format.ts';
import { ofExamples } from '../../report/series/hellaswag-examples.ts';
import { HELLASWAG_REFERENCES, LOSS_REFERENCES } from '../../report/series/references.ts';
import type { RunSummary } from '../../report/series/summary.ts';
import { formatCount } from '../../support/format.ts';
import { textTable } from '../terminal/table.ts';

/** One line per run, and with `references` one for each of OpenAI's models. */
export function summaryTable(runs: readonly RunSummary[], references: boolean): string {
  const rows = runs.map((run) => [
    run.name,
    formatCount(run.steps),
    shown(run.trainingLoss),
    shown(run.validationLoss),
    `${shown(run.hellaswag)}${ofExamples(run.hellaswagExamples)}`,
    Number.isNaN(run.tokensPerSecond) ? '-' : formatCount(run.tokensPerSecond),
  ]);
  const openai = HELLASWAG_REFERENCES.map(({ name, value }) => {
    const loss = LOSS_REFERENCES.find((reference) => reference.name === name);
    return [name, '', '', loss ? shown(loss.value) : '', shown(value), ''];
  });
  const head = ['run', 'steps', 'training loss', 'validation loss', 'HellaSwag', 'tokens/s'];
  return textTable(head, references ? [...rows, ...openai] : rows);
}

function shown(value: number): string {
  return Number.isNaN(value) ? '-' : formatMeasured(value, 4);
}
