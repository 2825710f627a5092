import { expect, test } from 'vitest';
import { inStep } from '#minillm/eval/in-step.js';
import { summingRanks } from './summing-ranks.ts';

/** What each rank does of shares of these lengths, and whether all have finished. */
function workOf(lengths: readonly number[], ask: (rank: number, piece: number, asked: AbortController) => void) {
  const ranks = summingRanks(lengths.length);
  return Promise.all(
    lengths.map(async (length, rank) => {
      const asked = new AbortController();
      async function* share(): AsyncGenerator<number, boolean> {
        for (let piece = 0; piece < length; piece++) {
          ask(rank, piece, asked);
          yield piece;
        }
        return true;
      }
      const pieces: number[] = [];
      const work = inStep(ranks[rank]!, share(), asked.signal);
      for (;;) {
        const next = await work.next();
        if (next.done) return { pieces: pieces.length, complete: next.value };
        pieces.push(next.value);
      }
    }),
  );
}

test('ranks with shares of different lengths all finish', async () => {
  expect(await workOf([3, 1, 0], () => {})).toEqual([
    { pieces: 3, complete: true },
    { pieces: 1, complete: true },
    { pieces: 0, complete: true },
  ]);
});

test('one that is asked to stop stops all, though it has finished its own share', async () => {
  const found = await workOf([1000, 1, 1000], (rank, piece, asked) => {
    if (rank === 0 && piece === 10) asked.abort();
  });
  expect(found.map(({ complete }) => complete)).toEqual([false, false, false]);
  expect(found.map(({ pieces }) => pieces)).toEqual([12, 1, 12]);
});

test('a process alone goes through its share', async () => {
  expect(await workOf([4], () => {})).toEqual([{ pieces: 4, complete: true }]);
});
