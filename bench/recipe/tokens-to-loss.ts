/** @file How many tokens a recipe needs to end at a given loss, from runs of several lengths, each with its own schedule. */

export interface EndOfRuns {
  readonly tokens: number;
  /** Mean over seeds. */
  readonly loss: number;
}

/**
 * The tokens at which the line through two neighbouring ends, over the logarithm of the tokens, crosses the loss; undefined
 * where no two neighbours lie on either side of it.
 */
export function tokensToLoss(ends: readonly EndOfRuns[], loss: number): number | undefined {
  const inOrder = [...ends].sort((a, b) => a.tokens - b.tokens);
  for (const [index, after] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (!before || before.loss < loss || after.loss > loss) continue;
    const part = before.loss === after.loss ? 0 : (before.loss - loss) / (before.loss - after.loss);
    return before.tokens * (after.tokens / before.tokens) ** part;
  }
  return undefined;
}
