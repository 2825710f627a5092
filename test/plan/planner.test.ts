/** @file What a rank of a planned run holds and does where the ranks share out Muon's matrices, which cannot be cut. */

import { expect, test } from 'vitest';
import { PRESETS } from '#minillm/model/presets.js';
import { findHardware } from '#minillm/plan/hardware.js';
import { backendOf } from '#minillm/plan/planned-backend.js';
import { Planner } from '#minillm/plan/planner.js';
import { completeSettings } from '#minillm/train/resolve-settings.js';
import { chooseSettings } from '#minillm/train/settings.js';

const PARAMETERS = 3_424_704;
/** Of each block of `tiny`: the weights of query, key and value, of both projections, and of the MLP's first layer. */
const MATRICES = [12_288, 4096, 16_384, 16_384];
const BLOCKS = 4;
/** By which buckets of other tensors are padded, at most. */
const OTHER_PADDING = 4096;

async function tiny(): Promise<Planner> {
  const given = { preset: 'tiny', optimizer: 'muon', data: 'none', out: 'none' } as const;
  const settings = completeSettings(chooseSettings(given), PRESETS.tiny.contextLength);
  return new Planner(PRESETS.tiny, backendOf(await findHardware('h100')), settings, 0);
}

test('buckets of whole matrices are padded to the fullest rank, in each buffer', async () => {
  const ranks = 8;
  const { memory } = (await tiny()).rank(1, { ranks, zero: 1 });
  // eight matrices of 16,384 elements, one each; with four of them goes one of 12,288, with the others one of 4096
  const fullest = 16_384 + 12_288;
  const inBlocks = BLOCKS * MATRICES.reduce((sum, count) => sum + count, 0);
  const others = PARAMETERS - inBlocks;
  const expected = {
    parameters: 4 * (ranks * fullest + others),
    gradients: 4 * (ranks * fullest + others),
    // one momentum, or both moments
    optimizer: 4 * fullest + (2 * 4 * others) / ranks,
  };
  for (const part of ['parameters', 'gradients', 'optimizer'] as const) {
    expect(memory[part], part).toBeGreaterThanOrEqual(expected[part]);
    expect(memory[part] - expected[part], part).toBeLessThan(4 * OTHER_PADDING);
  }
});

test('the update is that of the fullest rank: more ranks than matrices make it no shorter', async () => {
  const planner = await tiny();
  const products = (ranks: number) =>
    planner
      .rank(1, { ranks, zero: 1 })
      .workload.update.filter(({ operation }) => operation === 'newton_schulz_step')
      .reduce((sum, { flops }) => sum + flops, 0);
  const largest = products(BLOCKS * MATRICES.length);
  expect(largest).toBeGreaterThan(0);
  expect(products(2 * BLOCKS * MATRICES.length)).toBe(largest);
  expect(products(1)).toBeGreaterThan(8 * largest);
});
