import { expect, test } from 'vitest';
import type { EvaluationBatches } from '#minillm/data/batches/evaluation-batches.js';
import type { Program } from '#minillm/engine/runtime/program.js';
import { validationLoss } from '#minillm/eval/validation-loss.js';
import { summingRanks } from './summing-ranks.ts';

const [LENGTH, WINDOWS] = [3, 10];

/** A program whose losses are odd fractions of the targets; none for those that count for nothing. */
function programOf(batch: number): Program {
  const run = async ({ targets }: { targets: Int32Array }, { results }: { results: { losses: Float32Array } }) => {
    results.losses.set(Array.from(targets, (target) => (target < 0 ? 0 : target / 7)));
    return 'completed';
  };
  return { plan: { batch, length: LENGTH }, run } as unknown as Program;
}

/** A rank's batches of the windows 0, 1, …, each a row of its own targets. */
function batchesOf(batch: number, rank: number, size: number): EvaluationBatches {
  const batchCount = Math.ceil(WINDOWS / (batch * size));
  function* batches() {
    for (let index = 0; index < batchCount; index++) {
      const first = (index * size + rank) * batch;
      const targets = Int32Array.from({ length: batch * LENGTH }, (_, at) => {
        const window = first + Math.floor(at / LENGTH);
        return window < WINDOWS ? 1 + (((window * LENGTH + (at % LENGTH)) * 7919) % 1009) : -1;
      });
      yield { tokens: targets, targets };
    }
  }
  return { batchCount, tokenCount: WINDOWS * LENGTH, sequenceLength: LENGTH, [Symbol.iterator]: batches };
}

/** What each of `size` ranks finds, which sum together. */
async function lossesOf(batch: number, size: number): Promise<(number | undefined)[]> {
  const ranks = summingRanks(size);
  const rankLoss = async (rank: number): Promise<number | undefined> => {
    const evaluation = validationLoss(programOf(batch), batchesOf(batch, rank, size), ranks[rank]!);
    let next = await evaluation.next();
    while (!next.done) next = await evaluation.next();
    return next.value;
  };
  return Promise.all(Array.from({ length: size }, (_, rank) => rankLoss(rank)));
}

test('every rank finds the same loss, to the bit, whatever the batch size and the number of ranks', async () => {
  const [alone] = await lossesOf(1, 1);
  expect(alone).toBeGreaterThan(0);
  for (const [batch, size] of [
    [4, 1],
    [1, 2],
    [3, 2],
    [2, 4],
  ] as const)
    expect(await lossesOf(batch, size)).toEqual(Array.from({ length: size }, () => alone));
});
