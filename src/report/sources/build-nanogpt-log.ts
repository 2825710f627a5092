/** @file `log/log.txt` as build-nanogpt writes it: `250 train 6.112`, `250 val 6.1045`, `250 hella 0.2463`, one a line. */

import { UserError } from '../../support/errors.ts';
import { type Quantity, SeriesCollector } from '../series/curves.ts';
import { logNumber } from './log-number.ts';

const LINE = /^(\d+) (train|val|hella) (\S+)$/;
const QUANTITY: Readonly<Record<string, Quantity>> = { train: 'loss', val: 'validationLoss', hella: 'hellaswag' };

/** Whether a log that begins with this line is one of build-nanogpt. */
export function isBuildNanogptLine(line: string): boolean {
  return LINE.test(line);
}

/**
 * @param lines complete lines
 * @throws UserError naming a line that is none of the three.
 */
export function readBuildNanogptLog(lines: readonly string[], path: string): SeriesCollector {
  const collector = new SeriesCollector();
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    const [, step, kind = '', value = ''] = LINE.exec(line) ?? [];
    const quantity = QUANTITY[kind];
    if (!quantity)
      throw new UserError(
        `${path}: line ${index + 1}: expected "STEP train|val|hella NUMBER", found "${line.slice(0, 60)}"`,
      );
    collector.add(quantity, Number(step), logNumber(value, `${path}: line ${index + 1}`));
  }
  return collector;
}
