import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { closeAll, openCheckpoints } from '#minillm/cli/inputs/checkpoints.js';
import { ShardSet } from '#minillm/data/shards/dataset.js';
import { Shard } from '#minillm/data/shards/shard.js';
import { checkFit } from '#minillm/eval/fit.js';
import { writeBin } from '../../data/shard-files.ts';
import { FIXTURE } from '../../generate/fixture.ts';
import { fakeHub } from '../../hub/hubs.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** A hub with the fixture as `hf:owner/name`, where downloads go to, and an empty cache. */
async function hubWithFixture() {
  const contents = ['config.json', 'model.safetensors'].map((name) => [name, readFileSync(join(FIXTURE, name))]);
  const server = await fakeHub(Object.fromEntries(contents), { kind: 'model' });
  vi.stubEnv('HF_ENDPOINT', server.url);
  vi.stubEnv('HF_HOME', '/nowhere');
  vi.stubEnv('MINILLM_CACHE', temporaryFolder());
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  return server;
}

test('a model of the hub goes by the name that was typed, and its path is reported as well', async () => {
  await hubWithFixture();
  const opened = await openCheckpoints(['hf:owner/name', FIXTURE, 'untrained:tiny'], () => {});
  await closeAll(opened);
  expect(opened).toMatchObject([
    { name: 'hf:owner/name', path: expect.stringMatching(/^\/.*owner.*name/) },
    { name: FIXTURE, path: FIXTURE },
    { name: 'untrained:tiny', path: 'untrained:tiny' },
  ]);
});

test('a name that leads to nothing is found before anything is downloaded', async () => {
  const server = await hubWithFixture();
  await expect(openCheckpoints(['hf:owner/name', FIXTURE, '/nowhere'], () => {})).rejects.toThrow(
    /^\/nowhere: expected a run folder/,
  );
  expect(server.requests).toEqual([]);
});

test.each([
  ['a token that the vocabulary lacks', { evalTokens: 96 }, /token 500 at offset 90 is not in a vocabulary of 500/],
  ['a limit below a row', { evalTokens: 10 }, /expected a limit of at least 24 tokens, found 10/],
  ['HellaSwag with another vocabulary', { evalTokens: 24, hellaswag: true }, /GPT-2's vocabulary of 50257 tokens/],
])('%s is found before anything is evaluated, and which model it is of', async (_, changes, message) => {
  const path = join(temporaryFolder(), 'val_000000.bin');
  await writeBin(
    path,
    Array.from({ length: 100 }, (_, at) => (at === 90 ? 500 : at)),
  );
  const shards = new ShardSet([new Shard(path)]);
  const options = { shards, batchSize: 3, sequenceLength: undefined, hellaswag: false, ...changes };
  const opening = openCheckpoints([FIXTURE], (weights) => checkFit(weights, options));
  await expect(opening).rejects.toThrow(message);
  await expect(opening).rejects.toThrow(FIXTURE);
  // without the row that has it
  await closeAll(await openCheckpoints([FIXTURE], (weights) => checkFit(weights, { ...options, ...FITTING })));
});

const FITTING = { evalTokens: 72, sequenceLength: undefined, hellaswag: false };
