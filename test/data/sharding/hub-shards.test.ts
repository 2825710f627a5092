import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fetchHubShards, type HubShardsOptions } from '#minillm/data/sharding/hub-shards.js';
import { openDataset } from '#minillm/data/shards/dataset.js';
import { binHeader } from '#minillm/data/shards/shard-format.js';
import { END_OF_TEXT } from '#minillm/support/gpt2-vocabulary.js';
import type { FakeHubOptions } from '../../hub/fake-hub.ts';
import { fakeHub, hubAt, NEVER } from '../../hub/hubs.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A shard in llm.c's format: documents of ten tokens. */
function shard(tokens: number, first = 0): Buffer {
  const ids = Uint16Array.from({ length: tokens }, (_, index) => (index % 10 === 0 ? END_OF_TEXT : first + index));
  return Buffer.concat([binHeader(tokens), Buffer.from(ids.buffer)]);
}

const FILES = {
  'README.md': 'shards',
  'edu_fineweb_val_000000.bin': shard(100),
  'edu_fineweb_train_000001.bin': shard(200, 1),
  'edu_fineweb_train_000002.bin': shard(300, 2),
  'edu_fineweb_train_000003.bin': shard(400, 3),
};

async function shards(files: Record<string, Buffer | string> = FILES, hubOptions: Partial<FakeHubOptions> = {}) {
  const server = await fakeHub(files, hubOptions);
  const folder = join(temporaryFolder(), 'data');
  const fetched = (options: Partial<HubShardsOptions> = {}) =>
    fetchHubShards({ repository: 'owner/name', folder, hub: hubAt(server), signal: NEVER, ...options });
  const asked = () => server.requests.filter(({ stage }) => stage === 'bytes').map(({ path }) => path);
  return { server, folder, fetched, asked };
}

test('shards come under their own names, are described and can be trained on', async () => {
  const { folder, fetched, server } = await shards();
  const description = await fetched();
  expect(description).toMatchObject({
    source: `owner/name @ ${server.commit}`,
    documents: 100,
    validationTokens: 100,
    trainTokens: 900,
  });
  expect(readdirSync(folder).sort()).toEqual([
    'dataset.json',
    'edu_fineweb_train_000001.bin',
    'edu_fineweb_train_000002.bin',
    'edu_fineweb_train_000003.bin',
    'edu_fineweb_val_000000.bin',
  ]);
  const dataset = await openDataset(folder);
  expect(dataset.train.shards.map(({ tokenCount }) => tokenCount)).toEqual([200, 300, 400]);
  expect(dataset.description).toEqual(description);
  dataset.close();
});

test('a limit counts training shards; a higher one adds to what is there, from the same commit', async () => {
  const { fetched, asked, server } = await shards();
  expect((await fetched({ limit: 1 })).shards.map(({ name }) => name)).toEqual([
    'edu_fineweb_train_000001.bin',
    'edu_fineweb_val_000000.bin',
  ]);
  expect((await fetched({ limit: 2 })).trainTokens).toBe(500);
  expect(asked().sort()).toEqual([
    'edu_fineweb_train_000001.bin',
    'edu_fineweb_train_000002.bin',
    'edu_fineweb_val_000000.bin',
  ]);
  expect((await fetched({ limit: 1 })).trainTokens).toBe(500);
  expect(server.requests.filter(({ stage }) => stage === 'info').length).toBe(3);
});

test('stopped in the middle, it goes on, and what is there can be used meanwhile', async () => {
  let isBroken = true;
  const { folder, fetched, asked } = await shards(FILES, {
    faults: ({ stage, path }) =>
      isBroken && stage === 'bytes' && path.endsWith('3.bin') ? { kind: 'cut', after: 0 } : undefined,
  });
  await expect(fetched()).rejects.toThrow('owner/name: edu_fineweb_train_000003.bin: ');
  const dataset = await openDataset(folder);
  expect(dataset.train.tokenCount).toBe(500);
  dataset.close();
  isBroken = false;
  expect((await fetched()).trainTokens).toBe(900);
  expect(asked().filter((path) => path.endsWith('2.bin')).length).toBe(1);
  expect(existsSync(join(folder, '.downloading'))).toBe(false);
});

test('a shard that got its name just before a kill is taken over, another of the same name is not', async () => {
  const { folder, fetched, asked } = await shards();
  await fetched({ limit: 1 });
  const path = join(folder, 'edu_fineweb_train_000002.bin');
  writeFileSync(path, shard(300, 7));
  await expect(fetched()).rejects.toThrow('found edu_fineweb_train_000002.bin; choose another folder');
  writeFileSync(path, FILES['edu_fineweb_train_000002.bin']);
  expect(await fetched()).toMatchObject({ documents: 100, trainTokens: 900 });
  expect(asked()).not.toContain('edu_fineweb_train_000002.bin');
});

test('a file that is no shard is named and not taken', async () => {
  const { folder, fetched } = await shards({ ...FILES, 'edu_fineweb_val_000000.bin': 'no shard' });
  await expect(fetched()).rejects.toThrow('shard edu_fineweb_val_000000.bin: expected a header of 1024 bytes, found 8');
  expect(readdirSync(folder).filter((name) => name.endsWith('.bin'))).toEqual([]);
});

test('the error for a repository without shards says what was expected', async () => {
  const { fetched } = await shards({ 'a.parquet': 'a' });
  await expect(fetched()).rejects.toThrow(
    /expected shards named …train_000001\.bin \(or \.npy\), found a\.parquet; for documents see minillm data hub/,
  );
});

test('a folder that holds other shards is left alone', async () => {
  const { folder, fetched } = await shards();
  await fetched({ limit: 1 });
  writeFileSync(join(folder, 'train_000009.bin'), shard(10));
  await expect(fetched()).rejects.toThrow('expected no shards but those of owner/name @ ');
  const { fetched: fromOther } = await shards(FILES, { commit: 'a'.repeat(40) });
  await expect(fromOther({ folder, revision: 'main' })).rejects.toThrow('choose another folder');
});

test('processes that write to the same folder take turns', async () => {
  const { folder, fetched, asked } = await shards();
  await Promise.all([fetched(), fetched({ limit: 2 })]);
  expect(asked().length).toBe(4);
  expect(JSON.parse(readFileSync(join(folder, 'dataset.json'), 'utf8')).shards.length).toBe(4);
});
