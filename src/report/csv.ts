/** @file A run's series as a table: one row a step, one column a quantity; `report` itself reads it back. */

import { QUANTITIES, type Quantity, type RunCurves } from './curves.ts';
import { COLUMN_NAMES } from './table-file.ts';

/** CSV with a header; a cell is empty where nothing was measured, `nan` where what was measured was no number. */
export function seriesCsv({ series, tokensPerStep }: Pick<RunCurves, 'series' | 'tokensPerStep'>): string {
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
  const header = ['step', ...(tokensPerStep ? ['tokens'] : []), ...columns.map((column) => COLUMN_NAMES[column][0])];
  const lines = [...rows.keys()]
    .sort((a, b) => a - b)
    .map((step) =>
      [
        step,
        ...(tokensPerStep ? [step * tokensPerStep] : []),
        ...columns.map((column) => cell(rows.get(step)?.[column])),
      ].join(','),
    );
  return `${[header.join(','), ...lines].join('\n')}\n`;
}

function cell(value: number | undefined): string {
  if (value === undefined) return '';
  return Number.isNaN(value) ? 'nan' : String(value);
}
