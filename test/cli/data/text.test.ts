import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataset } from '#minillm/data/shards/dataset.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { minillm } from '../minillm.js';

test('text files become shards that can be opened, and a summary that says what to type next', async () => {
  const folder = temporaryFolder();
  const [first, second, out] = ['a.txt', 'b.txt', 'shards'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(first, 'One document.<|endoftext|>Another one, a little longer.');
  await writeFile(second, 'The third document, in a file of its own.\n');
  const { code, stdout, stderr } = await minillm('data', 'text', first, second, '--out', out, '--val-tokens', '5');
  expect([code, stderr]).toEqual([0, '']);
  const dataset = await openDataset(out);
  expect(dataset.description).toMatchObject({ documents: 3, validationTokens: 5, source: 'a.txt, b.txt' });
  const trainTokens = dataset.train.tokenCount;
  dataset.close();
  const lines = stdout.split('\n');
  expect(lines[0]).toMatch(/shards: 3 documents in /);
  expect(lines[1]).toBe(`train ${trainTokens} tokens, validation 5 tokens, 2 shards`);
  expect(lines[2]).toBe(`next: minillm train --data ${out} --out out/shards --preset tiny`);
});

test('--json prints one object, bad lines are reported and skipped, shards are cut and replaced', async () => {
  const folder = temporaryFolder();
  const [source, out] = ['a.jsonl', 'shards'].map((name) => join(folder, name)) as [string, string];
  const document = (text: string): string => JSON.stringify({ content: text });
  await writeFile(source, [document('alpha beta gamma delta'), 'not JSON', document('epsilon')].join('\n'));
  const command = ['data', 'text', source, '--out', out, '--text-field', 'content', '--workers', '1'];

  const refused = await minillm(...command);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/^minillm: .*a\.jsonl line 2: expected JSON.*\n$/);
  expect((await readdir(out)).filter((name) => name !== '.building')).toEqual([]);

  const more = [...command, '--skip-bad', '--val-tokens', '0', '--shard-tokens', '4', '--json'];
  const { code, stdout, stderr } = await minillm(...more);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^skipped .*a\.jsonl line 2: expected JSON/);
  const summary = JSON.parse(stdout);
  expect(summary).toMatchObject({ folder: out, documents: 2, skipped: 1, validationTokens: 0 });
  expect(summary.shards.length).toBe(Math.ceil(summary.trainTokens / 4));

  const again = await minillm(...more);
  expect(again.code).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({ wasFinished: true, documents: 2, shards: summary.shards });
  const other = await minillm(...more, '--shard-tokens', '5');
  expect([other.code, other.stdout]).toEqual([1, '']);
  expect(other.stderr).toMatch(/holds shards made with other settings \(shardTokens was 4 and is 5\)/);
  const shard = join(out, summary.shards[0]);
  const before = await readFile(shard);
  expect((await minillm(...more, '--overwrite')).code).toBe(0);
  expect(await readFile(shard)).toEqual(before);
});

test('a missing file is named before anything is written', async () => {
  const out = join(temporaryFolder(), 'shards');
  const { code, stderr } = await minillm('data', 'text', '/nowhere.txt', '--out', out);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^minillm: \/nowhere\.txt: could not read it .*\n$/);
});
