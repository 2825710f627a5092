/**
 * @file `main.log` as llm.c writes it: `s:250 tel:6.1045` (validation loss), `s:250 eval:0.2463` (HellaSwag),
 * `s:250 trl:6.1120 lr:0.000600 norm:1.21`; other fields are ignored.
 */

import { UserError } from '../../support/errors.ts';
import { type Quantity, SeriesCollector } from '../series/curves.ts';
import { logNumber } from './log-number.ts';

const LINE = /^s:(\d+)((?: [a-z_]+:\S+)+)$/;
const QUANTITY: ReadonlyMap<string, Quantity> = new Map([
  ['trl', 'loss'],
  ['tel', 'validationLoss'],
  ['eval', 'hellaswag'],
  ['lr', 'learningRate'],
  ['norm', 'gradientNorm'],
]);

/** Whether a log that begins with this line is one of llm.c. */
export function isLlmcLine(line: string): boolean {
  return LINE.test(line);
}

/**
 * @param lines complete lines
 * @throws UserError naming a line that has no step or no fields.
 */
export function readLlmcLog(lines: readonly string[], path: string): SeriesCollector {
  const collector = new SeriesCollector();
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    const [, step, fields] = LINE.exec(line) ?? [];
    if (!fields)
      throw new UserError(`${path}: line ${index + 1}: expected "s:STEP trl:NUMBER …", found "${line.slice(0, 60)}"`);
    for (const field of fields.trim().split(' ')) {
      const [name = '', value = ''] = field.split(':', 2);
      const quantity = QUANTITY.get(name);
      if (quantity) collector.add(quantity, Number(step), logNumber(value, `${path}: line ${index + 1}`));
    }
  }
  return collector;
}
