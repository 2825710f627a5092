/** @file Checks of flags that commander leaves to us. A flag that fails one is a usage error. */

import { type Command, InvalidArgumentError } from 'commander';
import { nearestName } from '../support/suggest.ts';

type Parse = (text: string) => number;

const THOUSANDS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, b: 1e9, g: 1e9 };

/**
 * Ends the command unless the flag `--name` was given. (Commander checks its own `requiredOption` before unknown flags, so it
 * would report a misspelt flag only as missing.)
 */
export function requireFlag(command: Command, name: string): void {
  if (command.getOptionValue(name) === undefined)
    command.error(`error: --${name} is required; --help shows an example`);
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): Parse {
  return (text) => {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number ${range(min, max)}.`);
  };
}

/** A number of tokens from `min`: plain, or in thousands (`100k`), millions (`10M`) or billions (`10B`). */
export function tokenCount(min: number): Parse {
  return (text) => {
    const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([kmbg]?)$/i.exec(text) ?? [];
    const value = Math.round(Number(digits) * (THOUSANDS[unit.toLowerCase()] ?? 1) * 1e3) / 1e3;
    if (Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min}, such as 250000 or 10M.`);
  };
}

/** A number from `min` to `max`. */
export function realNumber(min: number, max = Number.POSITIVE_INFINITY): Parse {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isFinite(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a number ${range(min, max)}.`);
  };
}

/**
 * One of some names; the error for a wrong one suggests the nearest.
 * @param elsewhere what to say instead of names that mean something, but not here
 */
export function oneOf(
  names: readonly string[],
  elsewhere: Readonly<Record<string, string>> = {},
): (text: string) => string {
  return (text) => {
    if (names.includes(text)) return text;
    const meant = nearestName(text, names);
    const hint = elsewhere[text] ?? (meant === undefined ? '' : `(Did you mean ${meant}?)`);
    throw new InvalidArgumentError(`Allowed choices are ${names.join(', ')}. ${hint}`.trimEnd());
  };
}

function range(min: number, max: number): string {
  return max === Number.MAX_SAFE_INTEGER || max === Number.POSITIVE_INFINITY ? `from ${min}` : `from ${min} to ${max}`;
}
