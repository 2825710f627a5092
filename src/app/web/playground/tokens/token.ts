/** @file A token with what a model thought of it, and the measures by which a text is coloured. */

/** A token that a model holds possible. */
export interface Alternative {
  readonly id: number;
  /** Natural logarithm of its probability. */
  readonly logprob: number;
}

export interface Token {
  readonly id: number;
  /** Empty for a token that begins a character which a later one ends. */
  readonly text: string;
  /** Natural logarithm of its probability; null for the first token of a text, which nothing predicts. */
  readonly logprob: number | null;
  /** The likeliest tokens at its place, likeliest first. */
  readonly top: readonly Alternative[];
}

/** 1 for the likeliest token; undefined when it is not among the likeliest. */
export function rankOf({ id, top }: Pick<Token, 'id' | 'top'>): number | undefined {
  const place = top.findIndex((alternative) => alternative.id === id);
  return place < 0 ? undefined : place + 1;
}

/** How much of all probability the likeliest tokens have together. */
export function coveredShare(top: readonly Alternative[]): number {
  return Math.min(
    1,
    top.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0),
  );
}

/**
 * Entropy of the choice among the likeliest tokens only, as a share of the most it can be: 0 when one of them has all of
 * their probability, 1 when all are alike.
 */
export function relativeEntropy(top: readonly Alternative[]): number {
  if (top.length < 2) return 0;
  const total = coveredShare(top);
  if (total === 0) return 1;
  const shares = top.map(({ logprob }) => Math.exp(logprob) / total);
  const entropy = -shares.reduce((sum, share) => sum + (share > 0 ? share * Math.log(share) : 0), 0);
  return Math.min(1, entropy / Math.log(top.length));
}

/** Mean loss in nats over the tokens that have a probability; undefined when there are none. */
export function meanLoss(tokens: readonly Token[]): number | undefined {
  const known = tokens.flatMap(({ logprob }) => (logprob === null ? [] : [logprob]));
  return known.length === 0 ? undefined : -known.reduce((sum, logprob) => sum + logprob, 0) / known.length;
}
