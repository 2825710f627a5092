/** Runs with Muon: stopped and resumed, over ranks, and continued as what they are not. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import { type Communicator, singleProcess } from '#minillm/engine/runtime/communicator.js';
import type { GivenSettings } from '#minillm/train/settings.js';
import { openSlowWorld } from '../stand-ins/slow-communicator.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fixtureShards, lossesOf, runOn } from './run-on.ts';

const STEPS = 6;
const BASE = { recipe: 'modern', batchSize: 1, totalBatchSize: 96, steps: STEPS, checkpointEvery: 3 } as const;
const folder = (): string => join(temporaryFolder(), 'run');

/** The losses of the first rank; it stops after `stopAt` steps, if given. */
async function run(
  settings: GivenSettings & { readonly data: string; readonly out: string },
  { world = [singleProcess], stopAt = Number.NaN }: { world?: readonly Communicator[]; stopAt?: number } = {},
): Promise<number[]> {
  const all = await Promise.all(
    world.map(async (communicator) => {
      const abort = new AbortController();
      const backend = await openCpuBackend({ threads: 1 });
      try {
        return await runOn({
          backend,
          communicator,
          signal: abort.signal,
          settings: { ...BASE, ...settings },
          onEvent: (event) => {
            if (event.kind === 'checkpoint' && event.step === stopAt) abort.abort();
          },
        });
      } finally {
        await backend.close();
      }
    }),
  );
  return lossesOf(all[0] ?? []);
}

function expectSameCheckpoint(a: string, b: string): void {
  for (const file of ['model.safetensors', 'optimizer.safetensors']) {
    const read = (out: string) => readFileSync(join(out, 'step-00000006', file));
    expect(read(a).equals(read(b)), file).toBe(true);
  }
}

test('a run that is stopped and resumed makes the bits of one that never stopped', async () => {
  const data = await fixtureShards();
  const [whole, stopped] = [folder(), folder()];
  const losses = await run({ data, out: whole });
  const before = await run({ data, out: stopped }, { stopAt: 3 });
  expect(before.length).toBeLessThan(STEPS);
  const after = await run({ data, out: stopped });
  expect([...before, ...after]).toEqual(losses);
  expectSameCheckpoint(stopped, whole);
});

test('ranks that share matrices out write the checkpoint of ranks that each update all', async () => {
  const data = await fixtureShards();
  const [whole, shared] = [folder(), folder()];
  await run({ data, out: whole, zero: 0 }, { world: await openSlowWorld({ size: 4 }) });
  await run({ data, out: shared, zero: 1 }, { world: await openSlowWorld({ size: 4 }) });
  expectSameCheckpoint(shared, whole);
});

test('a run goes on with its own optimizer alone, and says what else to do', async () => {
  const [data, out] = [await fixtureShards(), folder()];
  await run({ data, out, steps: 3 });
  await expect(run({ data, out, steps: 3, optimizer: 'adamw' })).rejects.toThrow(
    /holds a run with other settings: optimizer was "?muon"? and is "?adamw"?/,
  );
  await expect(run({ data, out: folder(), fork: out, init: undefined, optimizer: 'adamw' })).rejects.toThrow(
    /step-00000003 was trained with --optimizer muon, whose state adamw cannot continue; fork it with the same, or start/,
  );
});
