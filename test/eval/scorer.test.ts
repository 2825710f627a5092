import { describe, expect, test } from 'vitest';
import type { ScoringRequest } from '#minillm/eval/packing.js';
import type { ContinuationScores, Scorer } from '#minillm/eval/scorer.js';
import { UserError } from '#minillm/support/errors.js';
import { bestDevices, devices } from '../engine/devices.ts';
import { integers } from '../engine/values.ts';
import { firstBatch, largestDifference, VOCABULARY } from '../generate/fixture.ts';
import { openScorer } from './scoring-fixture.ts';

/** Contexts of different lengths with four continuations each; context and continuation have at most 24 tokens. */
const REQUESTS: readonly ScoringRequest[] = [
  [9, 3, 12, 1, 7],
  [1, 23, 2, 5, 1],
  [20, 4, 1, 3, 2],
  [14, 5, 6, 7, 8],
].map(([context = 0, ...continuations], request) => ({
  context: integers(context, 0, VOCABULARY, `context ${request}`),
  continuations: continuations.map((length, index) => integers(length, 0, VOCABULARY, `${request} ${index}`)),
}));

async function scoresOf(scorer: Scorer, requests: readonly ScoringRequest[]): Promise<ContinuationScores[]> {
  const all: ContinuationScores[] = [];
  for await (const continuations of scorer.score(requests)) all.push(...continuations);
  return all;
}

/** Each continuation in a request of its own. */
const apart = REQUESTS.flatMap(({ context, continuations }) =>
  continuations.map((continuation) => ({ context, continuations: [continuation] })),
);

describe.each(devices)('$name', (device) => {
  test('a packed row of four continuations is four separate rows', async () => {
    const { scorer } = await openScorer(device);
    const packed = await scoresOf(scorer, REQUESTS);
    expect(packed.map(({ values }) => values.length)).toEqual(
      REQUESTS.flatMap(({ continuations }) => continuations.map(({ length }) => length)),
    );
    for (const [index, request] of apart.entries()) {
      const [alone] = await scoresOf(scorer, [request]);
      expect(largestDifference(packed[index]!.values, alone!.values)).toBeLessThanOrEqual(1e-5);
    }
  });

  test("log-probabilities of a whole text are PyTorch's", async () => {
    const { tokens, logits } = await firstBatch();
    const { scorer } = await openScorer(device, { top: 3 });
    const requests = tokens.map((row) => ({ context: row.slice(0, 1), continuations: [[...row.slice(1), -1]] }));
    const slack = device.precision === 'bf16' ? 5e-2 : 1e-4;
    for (const [row, scores] of (await scoresOf(scorer, requests)).entries()) {
      logits[row]!.forEach((expected, position) => {
        const total = Math.log(expected.reduce((sum, logit) => sum + Math.exp(logit), 0));
        const target = tokens[row]![position + 1];
        const value = target === undefined ? 0 : expected[target]! - total;
        expect(Math.abs(scores.values[position]! - value)).toBeLessThan(slack);
        const best = Math.max(...expected) - total;
        expect(Math.abs(scores.topValues[position * 3]! - best)).toBeLessThan(slack);
      });
    }
  });
});

describe.each(bestDevices)('$name', (device) => {
  test('the same bits whatever is packed together or has to be apart, and with any number of threads', async () => {
    const [first, ...others] = await Promise.all(
      [{}, { tokens: 24 }, { tokens: 40 }, { tokens: 64 }, { threads: 1 }, { threads: 3 }].map(async (options) =>
        scoresOf((await openScorer(device, options)).scorer, REQUESTS),
      ),
    );
    for (const scores of others) expect(scores).toEqual(first);
  });
});

describe('a scorer refuses', () => {
  const [device] = bestDevices;
  const score = async (request: ScoringRequest, tokens = 256) =>
    scoresOf((await openScorer(device!, { tokens })).scorer, [request]);

  test('a request without a context', async () => {
    await expect(score({ context: [], continuations: [[1]] })).rejects.toThrow(UserError);
  });

  test('a continuation that does not fit the context length', async () => {
    const long = { context: [...Array(20).keys()], continuations: [[1, 2, 3, 4, 5], [...Array(6).keys()]] };
    await expect(score(long)).rejects.toThrow(/fit the 24 positions of the model, found 25/);
  });
});
