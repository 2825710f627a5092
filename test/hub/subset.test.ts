import { expect, test } from 'vitest';
import { findRepository } from '#minillm/hub/repository.js';
import { filesOfSubset } from '#minillm/hub/subset.js';
import { UserError } from '#minillm/support/errors.js';
import type { FakeHubOptions } from './fake-hub.ts';
import { fakeHub, hubAt, NEVER } from './hubs.ts';

const textFiles = (path: string): boolean => /\.(parquet|jsonl)$/.test(path);

/** The paths of a subset of a data set with these files. */
async function pathsOf(
  paths: readonly string[],
  subset?: string,
  { repository = 'owner/name', ...options }: Partial<FakeHubOptions> = {},
): Promise<string[]> {
  const files = Object.fromEntries(paths.map((path) => [path, path]));
  const server = await fakeHub(files, { repository, ...options });
  const hub = hubAt(server);
  const found = await findRepository(hub, { kind: 'dataset', name: repository }, { signal: NEVER });
  return (await filesOfSubset(hub, found, { subset, textFiles, signal: NEVER })).map(({ path }) => path);
}

const FINEWEB = [
  'README.md',
  'data/CC-MAIN-2013-20/train-00001-of-00002.parquet',
  'data/CC-MAIN-2013-20/train-00000-of-00002.parquet',
  'data/CC-MAIN-2024-10/train-00000-of-00001.parquet',
  'sample/10BT/000_00000.parquet',
  'sample/10BT/001_00000.parquet',
  'sample/100BT/000_00000.parquet',
];
const isFineWeb = { repository: 'HuggingFaceFW/fineweb-edu' };

test('FineWeb: a sample is its folder, a crawl its folder, the default all crawls, in order of names', async () => {
  expect(await pathsOf(FINEWEB, 'sample-10BT', isFineWeb)).toEqual([
    'sample/10BT/000_00000.parquet',
    'sample/10BT/001_00000.parquet',
  ]);
  expect(await pathsOf(FINEWEB, 'CC-MAIN-2024-10', isFineWeb)).toEqual([
    'data/CC-MAIN-2024-10/train-00000-of-00001.parquet',
  ]);
  const all = [
    'data/CC-MAIN-2013-20/train-00000-of-00002.parquet',
    'data/CC-MAIN-2013-20/train-00001-of-00002.parquet',
    'data/CC-MAIN-2024-10/train-00000-of-00001.parquet',
  ];
  expect(await pathsOf(FINEWEB, 'default', isFineWeb)).toEqual(all);
  expect(await pathsOf(FINEWEB, undefined, isFineWeb)).toEqual(all);
});

test('FineWeb: the error for an unknown subset lists the subsets and the nearest', async () => {
  const unknown = pathsOf(FINEWEB, 'sample-20BT', isFineWeb);
  await expect(unknown).rejects.toThrow(UserError);
  await expect(unknown).rejects.toThrow(
    'HuggingFaceFW/fineweb-edu: found no subset or folder sample-20BT; did you mean sample-10BT? There are default, sample-100BT, sample-10BT, CC-MAIN-2013-20, CC-MAIN-2024-10',
  );
});

const CONFIGS = {
  configs: [
    { config_name: 'en', default: true, data_files: [{ split: 'train', path: 'en/train-*.parquet' }] },
    { config_name: 'de', data_files: 'de/**/*.jsonl' },
    { config_name: 'both', data_files: { test: 'en/test-*', train: ['en/train-*', 'de/a/?.jsonl'] } },
    { config_name: 'folder', data_dir: 'de/a' },
    { config_name: 'numbers', data_files: ['en/train-[0-9].parquet', '{en,fr}/train-x.parquet'] },
    { config_name: 'odd', data_files: 7 },
  ],
};
const CONFIGURED = [
  ...['en/train-0.parquet', 'en/train-1.parquet', 'en/train-x.parquet', 'en/test-0.parquet'],
  ...['de/a/1.jsonl', 'de/a/b/2.jsonl', 'de/3.jsonl', 'de/notes.txt'],
];

test.each([
  [undefined, ['en/train-0.parquet', 'en/train-1.parquet', 'en/train-x.parquet']],
  ['de', ['de/3.jsonl', 'de/a/1.jsonl', 'de/a/b/2.jsonl']],
  ['both', ['en/train-0.parquet', 'en/train-1.parquet', 'en/train-x.parquet']],
  ['folder', ['de/a/1.jsonl', 'de/a/b/2.jsonl']],
  ['numbers', ['en/train-0.parquet', 'en/train-1.parquet', 'en/train-x.parquet']],
  ['de/a', ['de/a/1.jsonl', 'de/a/b/2.jsonl']],
])('subset %s of a README means the files of its patterns to train on', async (subset, expected) => {
  expect(await pathsOf(CONFIGURED, subset, { cardData: CONFIGS })).toEqual(expected);
});

test('without a default the subsets are named', async () => {
  const configs = CONFIGS.configs.slice(1, 3);
  await expect(pathsOf(CONFIGURED, undefined, { cardData: { configs } })).rejects.toThrow(
    'owner/name: expected a subset (--subset); There are de, both',
  );
});

test('the error for an unknown subset lists those of the README and the folders', async () => {
  await expect(pathsOf(CONFIGURED, 'fr', { cardData: CONFIGS })).rejects.toThrow(
    /found no subset or folder fr; .*There are en, de, both, folder, numbers, de, en/,
  );
});

test('without a README all files are meant but those whose names say that they are held out', async () => {
  expect(await pathsOf(['data/train-0.parquet', 'data/validation-0.parquet', 'extra/more.parquet'])).toEqual([
    'data/train-0.parquet',
  ]);
  expect(await pathsOf(['a.jsonl', 'b_test.jsonl', 'c.jsonl'])).toEqual(['a.jsonl', 'c.jsonl']);
  expect(await pathsOf(['test.jsonl'])).toEqual(['test.jsonl']);
});

test('documents that stand as parquet and as JSON lines are taken once', async () => {
  expect(await pathsOf(['a.jsonl', 'a.parquet'])).toEqual(['a.parquet']);
});

test('the error for a data set without documents says where the hub keeps its conversion', async () => {
  await expect(pathsOf(['load.py', 'README.md'])).rejects.toThrow(
    "owner/name: expected parquet or JSON lines files, found README.md, load.py; the hub's own conversion may be at --revision refs/convert/parquet",
  );
});
