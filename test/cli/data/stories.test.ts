import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataset } from '#minillm/data/shards/dataset.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { minillm } from '../minillm.js';

test('stories become shards, said to be synthetic, and a summary that says what to type next', async () => {
  const out = join(temporaryFolder(), 'stories');
  const { code, stdout, stderr } = await minillm('data', 'stories', '--out', out, '--stories', '300');
  expect([code, stderr]).toEqual([0, '']);
  const { description, validation, train, close } = await openDataset(out);
  close();
  expect(description).toMatchObject({ documents: 300, source: 'synthetic stories of minillm (seed 1)' });
  const counts = [train, validation].map(({ tokenCount }) => tokenCount.toLocaleString('en-US'));
  const lines = stdout.split('\n');
  expect(lines[0]).toMatch(/stories: 300 documents, all synthetic, in /);
  expect(lines[1]).toBe(`train ${counts[0]} tokens, validation ${counts[1]} tokens, 2 shards`);
  expect(lines[2]).toBe(`next: minillm train --data ${out} --out out/stories --preset tiny`);
});

test('the same seed makes the same shards on any number of threads, another seed others', async () => {
  const folder = temporaryFolder();
  const sums = [];
  for (const [name, seed, workers] of [
    ['a', '3', '1'],
    ['b', '3', '2'],
    ['c', '4', '1'],
  ] as const) {
    const out = join(folder, name);
    const flags = ['--out', out, '--stories', '200', '--seed', seed, '--workers', workers, '--json'];
    const { code, stdout } = await minillm('data', 'stories', ...flags);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ folder: out, documents: 200, seed: Number(seed), synthetic: true });
    const dataset = await openDataset(out);
    dataset.close();
    sums.push(dataset.description?.shards.map(({ sha256 }) => sha256).join());
  }
  expect(sums[1]).toBe(sums[0]);
  expect(sums[2]).not.toBe(sums[0]);
});

test('shards of other stories are replaced only when asked', async () => {
  const command = ['data', 'stories', '--out', temporaryFolder()];
  expect((await minillm(...command, '--stories', '20')).code).toBe(0);
  expect((await minillm(...command, '--stories', '20')).code).toBe(0);
  const other = await minillm(...command, '--stories', '21');
  expect([other.code, other.stdout]).toEqual([1, '']);
  expect(other.stderr).toMatch(/holds shards made with other settings \(.*was 20 and is 21/);
  expect((await minillm(...command, '--stories', '21', '--overwrite')).code).toBe(0);
});

test('no stories are a usage error', async () => {
  const { code, stderr } = await minillm('data', 'stories', '--out', 'x', '--stories', '0');
  expect(code).toBe(2);
  expect(stderr).toMatch(/--stories <n>.*whole number from 1/);
});
