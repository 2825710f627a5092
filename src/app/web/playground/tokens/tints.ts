/**
 * @file How strongly a token is coloured. Every scale has seven levels from 0, unremarkable, to 6; one hue, so that nobody
 * has to tell red from green. Differences have two hues, blue and orange, of three levels each.
 */

import { rankOf, relativeEntropy, type Token } from './token.ts';

export const TINTS = ['probability', 'rank', 'entropy', 'difference'] as const;
export type Tint = (typeof TINTS)[number];

/** The name of a level: `0` to `6`, for differences `-3` to `3`. */
export type Level = number;

/** Probabilities down to which levels 0 to 5 reach. */
const PROBABILITIES = [0.5, 0.2, 0.05, 0.01, 1e-3, 1e-4];
/** Ranks up to which levels 0, 2 and 4 reach; the last is as many as the server tells. */
const RANKS = [1, 3, Number.POSITIVE_INFINITY];
/** Logarithms of the ratios of probabilities (2, 8 and 64) from which levels 1, 2 and 3 begin. */
const RATIOS = [Math.log(2), Math.log(8), Math.log(64)];

export function probabilityLevel(logprob: number): Level {
  const level = PROBABILITIES.findIndex((least) => logprob >= Math.log(least));
  return level < 0 ? PROBABILITIES.length : level;
}

export function rankLevel(rank: number | undefined): Level {
  return rank === undefined ? 6 : 2 * RANKS.findIndex((most) => rank <= most);
}

export function entropyLevel(share: number): Level {
  return Math.min(6, Math.floor(7 * share));
}

/** Positive where this model holds a token likelier than the other model. */
export function differenceLevel(logprob: number, other: number): Level {
  const ratio = logprob - other;
  const level = RATIOS.filter((least) => Math.abs(ratio) >= least).length;
  return ratio < 0 ? -level : level;
}

/** The level of a token; undefined where it has none: nothing predicts it, or the other model has not scored it yet. */
export function levelOf(tint: Tint, token: Token, other: Token | undefined): Level | undefined {
  if (token.logprob === null) return undefined;
  if (tint === 'probability') return probabilityLevel(token.logprob);
  if (tint === 'rank') return rankLevel(rankOf(token));
  if (tint === 'entropy') return entropyLevel(relativeEntropy(token.top));
  return other?.logprob === undefined || other.logprob === null
    ? undefined
    : differenceLevel(token.logprob, other.logprob);
}

export interface LegendEntry {
  readonly level: Level;
  readonly label: string;
}

/** @param top likeliest tokens that the server tells */
export function legendOf(tint: Tint, top: number): readonly LegendEntry[] {
  const levels = (labels: readonly string[], first = 0, by = 1): LegendEntry[] =>
    labels.map((label, place) => ({ level: first + by * place, label }));
  if (tint === 'probability') return levels(['≥ 50 %', '20 %', '5 %', '1 %', '0.1 %', '0.01 %', 'less']);
  if (tint === 'rank') return levels(['1st', '2nd, 3rd', `to ${top}th`, 'beyond'], 0, 2);
  if (tint === 'entropy') return levels(['sure', '', '', '', '', '', 'torn']);
  return levels(['64× less likely', '8×', '2×', 'alike', '2×', '8×', '64× likelier'], -3);
}
