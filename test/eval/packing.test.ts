import { describe, expect, test } from 'vitest';
import { type PackedBatch, type PackingLimits, packRequests, type ScoringRequest } from '#minillm/eval/packing.js';
import { UserError } from '#minillm/support/errors.js';
import { Random } from '#minillm/support/random.js';

const WIDE: PackingLimits = { tokens: 100, segments: 100, rows: 100, positions: 100 };

test('tokens, positions, segments, rows and targets of two requests are those written out by hand', () => {
  const requests = [
    { context: [1, 2, 3], continuations: [[4, 5, 6], [7], [8, 9]] },
    { context: [10], continuations: [[11, 12]] },
  ];
  const [batch, ...others] = packRequests(requests, WIDE);
  expect(others).toEqual([]);
  expect(batch).toEqual({
    parts: requests.map((request) => ({ ...request, isLast: true })),
    tokens: [1, 2, 3, 4, 5, 8, 10, 11],
    positions: [0, 1, 2, 3, 4, 3, 0, 1],
    // first token, tokens, first token and tokens of the context
    segments: [
      [0, 3, 0, 0],
      [3, 2, 0, 3],
      [5, 1, 0, 3],
      [6, 1, 0, 0],
      [7, 1, 6, 1],
    ].flat(),
    rows: [2, 3, 4, 2, 2, 5, 6, 7],
    targets: [4, 5, 6, 7, 8, 9, 11, 12],
  });
});

describe('random requests', () => {
  const random = new Random(11, 'packing');
  const below = (limit: number) => Math.floor(limit * random.uniform());
  const ids = (count: number) => Array.from({ length: count }, () => below(1000));
  const requests: ScoringRequest[] = Array.from({ length: 200 }, () => ({
    context: ids(1 + below(12)),
    continuations: Array.from({ length: 1 + below(5) }, () => ids(1 + below(8))),
  }));

  describe.each<[string, PackingLimits]>([
    ['few tokens', { tokens: 20, segments: 100, rows: 100, positions: 20 }],
    ['few segments', { tokens: 200, segments: 3, rows: 200, positions: 20 }],
    ['few rows', { tokens: 200, segments: 100, rows: 9, positions: 20 }],
  ])('%s', (_name, limits) => {
    const batches = [...packRequests(requests, limits)];

    test('no batch exceeds a limit', () => {
      for (const { tokens, positions, segments, rows, targets } of batches) {
        expect(tokens.length).toBeLessThanOrEqual(limits.tokens);
        expect(segments.length / 4).toBeLessThanOrEqual(limits.segments);
        expect(rows.length).toBeLessThanOrEqual(limits.rows);
        expect(positions.length).toBe(tokens.length);
        expect(targets.length).toBe(rows.length);
      }
    });

    test('every continuation is there once, in order, with its own context', () => {
      const expected = requests.flatMap(({ context, continuations }) =>
        continuations.map((continuation) => [context, continuation]),
      );
      expect(batches.flatMap(sequencesOf)).toEqual(expected);
      expect(batches.flatMap(({ parts }) => parts).filter(({ isLast }) => isLast)).toHaveLength(requests.length);
    });

    test('a batch ends only where the next part does not fit', () => {
      for (const [index, { parts }] of batches.slice(0, -1).entries()) {
        const next = batches[index + 1]!.parts[0]!;
        const [joined] = packRequests([...parts, next], { ...WIDE, tokens: 1e6, segments: 1e6, rows: 1e6 });
        const { tokens, segments, rows } = joined!;
        const fits =
          tokens.length <= limits.tokens && segments.length / 4 <= limits.segments && rows.length <= limits.rows;
        expect(fits).toBe(false);
      }
    });
  });
});

/** Contexts and continuations, read back from the inputs of the program alone: what each scored token is predicted from. */
function sequencesOf({ parts, tokens, positions, segments, rows, targets }: PackedBatch): number[][][] {
  const segmentOf = (row: number): number[] => {
    for (let at = 0; at < segments.length; at += 4) {
      const [first = 0, count = 0] = segments.slice(at, at + 2);
      if (row >= first && row < first + count) return segments.slice(at, at + 4);
    }
    throw new Error(`row ${row} lies in no segment`);
  };
  let scored = 0;
  return parts.flatMap(({ context, continuations }) =>
    continuations.map((continuation) => {
      const found: number[] = [];
      for (let i = 0; i < continuation.length; i++, scored++) {
        const row = rows[scored]!;
        const [first = 0, , prefixStart = 0, prefixCount = 0] = segmentOf(row);
        const read = [...tokens.slice(prefixStart, prefixStart + prefixCount), ...tokens.slice(first, row + 1)];
        expect(read).toEqual([...Array.from(context), ...found]);
        expect(positions[row]).toBe(read.length - 1);
        found.push(targets[scored]!);
      }
      return [Array.from(context), found];
    }),
  );
}

test('no requests make no batch', () => {
  expect([...packRequests([], WIDE)]).toEqual([]);
});

test.each([
  {
    name: 'a request without a context',
    request: { context: [], continuations: [[1]] },
    message: 'scoring: expected a context of at least one token, found none',
  },
  {
    name: 'a continuation beyond the context length, its last token not counted',
    request: { context: [1, 2, 3, 4], continuations: [[1], [1, 2, 3]] },
    message: 'expected context and continuation to fit the 5 positions of the model, found 6; shorten them',
  },
])('$name is refused', ({ request, message }) => {
  expect(() => [...packRequests([request], { ...WIDE, positions: 5 })]).toThrow(new UserError(message));
});

test('a request that just fits the context length is packed', () => {
  const request = { context: [1, 2, 3, 4], continuations: [[5, 6]] };
  expect([...packRequests([request], { ...WIDE, positions: 5 })]).toHaveLength(1);
});
