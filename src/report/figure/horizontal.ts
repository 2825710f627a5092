/** @file The horizontal axis of a report: steps, with tokens where they are known; tokens alone where runs take different batches. */

import { formatCount } from '../../support/format.ts';
import { lastStep, type RunCurves } from '../series/curves.ts';
import { decimalsOf, niceInterval } from './axis-range.ts';

export interface Horizontal {
  readonly unit: 'steps' | 'tokens';
  /** In steps: the tokens of one, when all runs agree on it. */
  readonly tokensPerStep: number | undefined;
  readonly max: number;
  readonly interval: number;
}

const TICKS = 5;

/** The axis on which these runs can be compared. */
export function chooseHorizontal(runs: readonly RunCurves[]): Horizontal {
  const sizes = new Set(runs.map(({ tokensPerStep }) => tokensPerStep));
  const unit = sizes.size > 1 && !sizes.has(undefined) ? 'tokens' : 'steps';
  const [tokensPerStep] = sizes.size === 1 ? sizes : [];
  const end = Math.max(1, ...runs.map((run) => lastStep(run) * unitsPerStep(unit, run)));
  // there is no half step
  return { unit, tokensPerStep, max: end, interval: Math.ceil(niceInterval(end / TICKS)) };
}

/** What a step of the run is on the axis. */
export function unitsPerStep(unit: Horizontal['unit'], { tokensPerStep }: Pick<RunCurves, 'tokensPerStep'>): number {
  return unit === 'tokens' ? (tokensPerStep ?? Number.NaN) : 1;
}

/** `1 step`, `20,000 steps`. */
export function formatSteps(steps: number): string {
  return `${formatCount(steps)} ${steps === 1 ? 'step' : 'steps'}`;
}

const TOKEN_UNITS = ['', ' k', ' M', ' B', ' T'];

/**
 * Tokens with two significant digits or more: `2.6 B`, `524 M`, `0`.
 * @param distance between numbers that must differ, which has as many decimals: `9.75 B` and `10 B` for 250 million
 */
export function formatTokens(tokens: number, distance?: number): string {
  let value = tokens;
  let unit = 0;
  while (value >= 999.5 && unit < TOKEN_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const decimals = distance === undefined ? Number(value < 9.95) : decimalsOf(distance / 1000 ** unit);
  return `${Number(value.toFixed(decimals))}${TOKEN_UNITS[unit]}`;
}
