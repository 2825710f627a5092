import { expect, test } from 'vitest';
import { cpuTarget } from '#minillm/backends/cpu/target.js';
import { openNullBackend } from '#minillm/backends/null/backend.js';
import { generationPrograms } from '#minillm/generate/generation-programs.js';
import { Generator } from '#minillm/generate/generator.js';
import { loadSession } from '#minillm/generate/load-session.js';
import { openWeights } from '#minillm/generate/weights.js';
import { openBest } from '../engine/devices.ts';
import { FIXTURE, openFixture } from './fixture.js';

const EXTENTS = { streams: 2, positions: 20, promptLength: 8, precision: 'fp32' } as const;

test('a folder loaded in one call generates what one put together by hand does', async () => {
  const backend = await openBest({ threads: 1 });
  const folder = await openWeights(FIXTURE);
  const generator = new Generator(await loadSession(backend, folder, generationPrograms(EXTENTS)));
  const request = { prompts: [[1, 2]], tokens: 10, temperature: 0, topK: 0, topP: 1, seed: 0 };
  expect(generator.limits).toEqual({ positions: 20, vocabularySize: 500 });
  const byHand = new Generator((await openFixture(EXTENTS)).session);
  expect(await generator.complete(request)).toEqual(await byHand.complete(request));
  await folder.close();
  await backend.close();
});

test('a device without the memory is refused in one line that says how much is needed', async () => {
  const folder = await openWeights(FIXTURE);
  await expect(loadSession(openNullBackend(cpuTarget, 1000), folder, generationPrograms(EXTENTS))).rejects.toThrow(
    /^generating 2 texts of 20 tokens at once needs [\d.]+ kB, the device has 1.00 kB; generate fewer or shorter ones$/,
  );
  await folder.close();
});
