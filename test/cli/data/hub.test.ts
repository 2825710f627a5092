import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataset } from '#minillm/data/shards/dataset.js';
import { END_OF_TEXT, encode } from '#minillm/data/tokenizer/tokenizer.js';
import { parquetFiles, sampleTexts } from '../../data/documents/parquet-files.ts';
import { fakeHub } from '../../hub/hubs.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { BIN, type Outcome } from '../minillm.ts';

/** Runs `minillm` against a hub, with a cache of its own. */
function minillmAt(hub: { readonly url: string }, cache: string, ...args: string[]): Promise<Outcome> {
  const env = { ...process.env, HF_ENDPOINT: hub.url, HF_HOME: cache, XDG_CACHE_HOME: cache, MINILLM_CACHE: cache };
  const child = spawn(process.execPath, [BIN, ...args], { env });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}

function tokensIn(folder: string): Promise<number[]> {
  return openDataset(folder).then(({ validation, train, close }) => {
    const shards = [...validation.shards, ...train.shards];
    const tokens = shards.flatMap((shard) => [...shard.read(0, shard.tokenCount)]);
    close();
    return tokens;
  });
}

const tokensOf = (texts: readonly string[]) => texts.flatMap((text) => [END_OF_TEXT, ...encode(text)]);
const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.endsWith('.lock'),
  );

test('FineWeb-Edu of the hub becomes shards: the files of the subset in order, the cache left empty', async () => {
  const root = temporaryFolder();
  const { paths, texts } = parquetFiles(root, 3, 100);
  const files = Object.fromEntries(paths.map((path, i) => [`sample/10BT/00${i}_00000.parquet`, readFileSync(path)]));
  const hub = await fakeHub(
    { ...files, 'sample/100BT/000_00000.parquet': readFileSync(paths[0]!) },
    { repository: 'HuggingFaceFW/fineweb-edu' },
  );
  const [out, cache] = [join(root, 'shards'), join(root, 'cache')];
  const command = ['data', 'fineweb-edu', '--out', out, '--workers', '1', '--json'];
  const { code, stdout, stderr } = await minillmAt(hub, cache, ...command);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ documents: 300, wasFinished: false, skipped: 0 });
  expect((await tokensIn(out)).join() === tokensOf(texts).join()).toBe(true);
  const description = JSON.parse(readFileSync(join(out, 'dataset.json'), 'utf8'));
  expect(description.source).toBe(`HuggingFaceFW/fineweb-edu sample-10BT @ ${hub.commit}`);
  expect(filesIn(cache).filter(({ name }) => name.includes('parquet'))).toEqual([]);

  const fetched = hub.requests.filter(({ stage }) => stage === 'bytes').length;
  const again = await minillmAt(hub, cache, ...command);
  expect(JSON.parse(again.stdout)).toMatchObject({ wasFinished: true });
  expect(hub.requests.filter(({ stage }) => stage === 'bytes').length).toBe(fetched);
});

test('parts fetch only their own files, and merged they are the whole in its order', async () => {
  const root = temporaryFolder();
  const { paths, texts } = parquetFiles(root, 3, 100);
  const files = Object.fromEntries(paths.map((path, i) => [`data/${i}.parquet`, readFileSync(path)]));
  const hub = await fakeHub(files);
  const outs = [0, 1].map((index) => join(root, `part-${index}`));
  for (const [index, out] of outs.entries()) {
    const part = ['--part', `${index}/2`, '--val-tokens', '0', '--workers', '1'];
    const outcome = await minillmAt(
      hub,
      join(root, `cache-${index}`),
      'data',
      'hub',
      'owner/name',
      '--out',
      out,
      ...part,
    );
    expect(outcome.code, outcome.stderr).toBe(0);
  }
  expect(hub.requests.filter(({ stage }) => stage === 'bytes').length).toBe(3);
  const merged = join(root, 'merged');
  expect((await minillmAt(hub, root, 'data', 'merge', ...outs, '--out', merged)).code).toBe(0);
  expect((await tokensIn(merged)).join() === tokensOf(texts).join()).toBe(true);
});

test('JSON lines of the hub become shards', async () => {
  const root = temporaryFolder();
  const texts = sampleTexts(50);
  const hub = await fakeHub({ 'train.jsonl': texts.map((content) => JSON.stringify({ content })).join('\n') });
  const out = join(root, 'shards');
  const flags = ['--out', out, '--text-field', 'content', '--workers', '1'];
  const outcome = await minillmAt(hub, join(root, 'cache'), 'data', 'hub', 'owner/name', ...flags);
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(await tokensIn(out)).toEqual(tokensOf(texts));
});

test('a column that is not there, a subset that is not there and a cache that is too small are reported in one line', async () => {
  const root = temporaryFolder();
  const { paths } = parquetFiles(root, 1, 100);
  const hub = await fakeHub({ 'data/0.parquet': readFileSync(paths[0]!) });
  const run = (...flags: string[]) =>
    minillmAt(hub, join(root, 'cache'), 'data', 'hub', 'owner/name', '--out', join(root, 'shards'), ...flags);
  const column = await run('--text-field', 'content');
  expect([column.code, column.stderr]).toEqual([
    1,
    'minillm: data/0.parquet: expected a column content, found id, text, score; choose one with --text-field\n',
  ]);
  const subset = await run('--subset', 'other');
  expect(subset.code).toBe(1);
  expect(subset.stderr).toMatch(/^minillm: owner\/name.*other.*\n$/);
  const cache = await run('--cache', '1kB');
  expect(cache.stderr).toMatch(
    /^minillm: .*expected room for the largest file, data\/0\.parquet with .* allow more\n$/,
  );
});
