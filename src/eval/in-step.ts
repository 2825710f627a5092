/** @file Ranks that evaluate their shares in step, so that they stop together. */

import type { Communicator } from '../engine/runtime/communicator.ts';

/**
 * Does this rank's share of some work piece by piece. While it computes a piece, the ranks exchange whether one of them
 * has been asked to stop: all end after the same piece.
 *
 * @param share yields what `inStep` yields, and returns whether it has run to its end
 * @param asked aborted when this rank has been asked to stop
 * @returns whether every rank has run to its end
 */
export async function* inStep<T>(
  { size, sum }: Pick<Communicator, 'size' | 'sum'>,
  share: AsyncGenerator<T, boolean>,
  asked: AbortSignal | undefined,
): AsyncGenerator<T, boolean> {
  if (size === 1) return yield* share;
  let ranToEnd: boolean | undefined;
  for (;;) {
    const news = Float64Array.of(asked?.aborted ? 1 : 0, ranToEnd === undefined ? 1 : 0);
    const [piece] = await Promise.all([ranToEnd === undefined ? share.next() : undefined, sum(news)]);
    if (piece?.done) ranToEnd = piece.value;
    else if (piece) yield piece.value;
    const [stopping = 0, working = 0] = news;
    if (stopping > 0) return false;
    if (working === 0) return ranToEnd === true;
  }
}
