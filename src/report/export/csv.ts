/** @file A run's series as a table: one row a step, one column a quantity; `report` itself reads it back. */

import { QUANTITIES, type Quantity, type RunCurves } from '../series/curves.ts';
import { COLUMN_NAMES, EXAMPLES_NAME, TOKENS_NAME } from '../sources/table-file.ts';

/**
 * CSV with a header; a cell is empty where nothing was measured, `nan` where what was measured was no number. Of how many examples
 * the last HellaSwag accuracy is stands beside it.
 */
export function seriesCsv({
  series,
  tokensPerStep,
  hellaswagExamples,
}: Pick<RunCurves, 'series' | 'tokensPerStep' | 'hellaswagExamples'>): string {
  const columns = QUANTITIES.filter((quantity) => series[quantity].steps.length > 0);
  const rows = new Map<number, Partial<Record<Quantity, number>>>();
  for (const quantity of columns) {
    const { steps, values } = series[quantity];
    for (const [index, step] of steps.entries()) {
      const row = rows.get(step) ?? {};
      row[quantity] = values[index] ?? Number.NaN;
      rows.set(step, row);
    }
  }
  const examplesAt = hellaswagExamples === undefined ? undefined : series.hellaswag.steps.at(-1);
  const header = [
    'step',
    ...(tokensPerStep ? [TOKENS_NAME] : []),
    ...columns.map((column) => COLUMN_NAMES[column][0]),
    ...(examplesAt === undefined ? [] : [EXAMPLES_NAME]),
  ];
  const lines = [...rows.keys()]
    .sort((a, b) => a - b)
    .map((step) =>
      [
        step,
        ...(tokensPerStep ? [step * tokensPerStep] : []),
        ...columns.map((column) => cell(rows.get(step)?.[column])),
        ...(examplesAt === undefined ? [] : [step === examplesAt ? hellaswagExamples : '']),
      ].join(','),
    );
  return `${[header.join(','), ...lines].join('\n')}\n`;
}

function cell(value: number | undefined): string {
  if (value === undefined) return '';
  return Number.isNaN(value) ? 'nan' : String(value);
}
