/** @file Numbers as Python and C print them into logs. */

import { UserError } from '../../support/errors.ts';

const NOT_FINITE = /^[+-]?(nan|inf|infinity)(\([^)]*\))?$/i;

/**
 * The number that a log's text stands for; NaN for `nan`, `-nan(ind)`, `inf` and the like.
 * @param where names file and line in errors
 * @throws UserError when it is not a number.
 */
export function logNumber(text: string, where: string): number {
  if (NOT_FINITE.test(text)) return Number.NaN;
  const value = text === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) throw new UserError(`${where}: expected a number, found "${text.slice(0, 40)}"`);
  return value;
}
