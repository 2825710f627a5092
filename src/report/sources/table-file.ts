/**
 * @file Tables of measurements, tab- or comma-separated, with a header: a step column and any of loss, validation loss,
 * HellaSwag and so on under the names that people give them. `report --csv` writes such tables.
 */

import { UserError } from '../../support/errors.ts';
import { type Quantity, SeriesCollector } from '../series/curves.ts';
import { logNumber } from './log-number.ts';

/** Names of the step column and of each quantity, in lower case, words joined by `_`. */
const STEP_NAMES = ['step', 'steps', 'iter', 'iteration', 'global_step'];
export const COLUMN_NAMES: Readonly<Record<Quantity, readonly string[]>> = {
  loss: ['loss', 'train_loss', 'training_loss', 'loss_train', 'trl'],
  validationLoss: ['validation_loss', 'val_loss', 'val', 'valid_loss', 'eval_loss', 'loss_val', 'tel'],
  hellaswag: ['hellaswag', 'hellaswag_accuracy_norm', 'hellaswag_acc_norm', 'hella'],
  learningRate: ['lr', 'learning_rate'],
  gradientNorm: ['norm', 'grad_norm', 'gradient_norm'],
  milliseconds: ['ms', 'dt_ms', 'step_ms'],
  tokensPerSecond: ['tokens_per_second', 'tok_sec', 'tok_s', 'tokens_s'],
  mfu: ['mfu'],
};
/** The columns of the tokens trained on before a step, and of the number of examples that give an accuracy. */
export const TOKENS_NAME = 'tokens';
export const EXAMPLES_NAME = 'hellaswag_examples';

/** What a table says. */
export interface TableRun {
  readonly collector: SeriesCollector;
  /** The tokens a step adds; undefined without such a column, or where it does not grow. */
  readonly tokensPerStep: number | undefined;
  readonly hellaswagExamples: number | undefined;
}

/** Whether a file that begins with this line is a table with a step column and something measured. */
export function isTableHeader(line: string): boolean {
  const { step, quantities } = parseHeader(line);
  return step >= 0 && quantities.some((quantity) => quantity !== undefined);
}

/**
 * A last row that lacks fields was still being written, and is skipped; empty fields were not measured.
 * @throws UserError naming a row that has no step, or a field that is no number.
 */
export function readTable(lines: readonly string[], path: string): TableRun {
  const collector = new SeriesCollector();
  const tokens: { readonly step: number; readonly count: number }[] = [];
  let hellaswagExamples: number | undefined;
  const [header = '', ...rows] = lines;
  const { separator, names, step, quantities } = parseHeader(header);
  const last = rows.findLastIndex((row) => row !== '');
  for (const [index, row] of rows.entries()) {
    if (row === '') continue;
    const where = `${path}: line ${index + 2}`;
    const fields = row.split(separator).map(unquote);
    if (fields.length !== quantities.length) {
      if (index === last && fields.length < quantities.length) continue;
      throw new UserError(`${where}: expected ${quantities.length} fields as in the header, found ${fields.length}`);
    }
    const at = Number(fields[step] || Number.NaN);
    if (!(Number.isSafeInteger(at) && at >= 0))
      throw new UserError(`${where}: expected a step, a whole number from 0, found "${fields[step]}"`);
    for (const [column, quantity] of quantities.entries()) {
      const field = fields[column] ?? '';
      if (field === '') continue;
      if (quantity) collector.add(quantity, at, logNumber(field, where));
      else if (names[column] === TOKENS_NAME) tokens.push({ step: at, count: logNumber(field, where) });
      else if (names[column] === EXAMPLES_NAME) hellaswagExamples = logNumber(field, where);
    }
  }
  return { collector, tokensPerStep: growth(tokens), hellaswagExamples };
}

/** By how much the count grows a step, from the first to the last; undefined unless it does. */
function growth(counts: readonly { readonly step: number; readonly count: number }[]): number | undefined {
  const [first, last] = [counts[0], counts.at(-1)];
  if (!first || !last) return undefined;
  const perStep = Math.round((last.count - first.count) / (last.step - first.step));
  return perStep > 0 && Number.isFinite(perStep) ? perStep : undefined;
}

function parseHeader(line: string) {
  const separator = line.includes('\t') ? '\t' : ',';
  const names = line.split(separator).map((name) =>
    unquote(name)
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_'),
  );
  const quantities = names.map((name) =>
    (Object.keys(COLUMN_NAMES) as Quantity[]).find((quantity) => COLUMN_NAMES[quantity].includes(name)),
  );
  return { separator, names, step: names.findIndex((name) => STEP_NAMES.includes(name)), quantities };
}

function unquote(field: string): string {
  return field.trim().replace(/^"(.*)"$/, '$1');
}
