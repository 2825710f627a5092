/** @file The alternatives of both models at one place of a text, as rows. */

import type { Alternative, Token } from './token.ts';

/** Alternatives that are shown of the model that wrote, and of the other. */
const OWN = 5;
const OTHERS = 3;

export interface CardRow {
  readonly id: number;
  /** Logarithm of the probability; undefined where a model did not tell: the token is not among its likeliest. */
  readonly own: number | undefined;
  readonly other: number | undefined;
}

/** The token itself and the likeliest of both models, likeliest first by the model that wrote, then by the other. */
export function cardRows(own: Token, other: Token | undefined): readonly CardRow[] {
  const shown = [...own.top.slice(0, OWN), own, ...(other?.top.slice(0, OTHERS) ?? [])];
  const ids = new Set(shown.map(({ id }) => id));
  const rows = [...ids].map((id) => ({ id, own: logprobOf(own, id), other: other && logprobOf(other, id) }));
  const order = (value: number | undefined): number => value ?? Number.NEGATIVE_INFINITY;
  return rows.sort((a, b) => descending(order(a.own), order(b.own)) || descending(order(a.other), order(b.other)));
}

function logprobOf(token: Token, id: number): number | undefined {
  if (token.id === id) return token.logprob ?? undefined;
  return token.top.find((alternative: Alternative) => alternative.id === id)?.logprob;
}

const descending = (a: number, b: number): number => (a === b ? 0 : b > a ? 1 : -1);
