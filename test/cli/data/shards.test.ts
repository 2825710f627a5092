import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { binHeader } from '#minillm/data/shards/shard-format.js';
import { fakeHub } from '../../hub/hubs.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { minillmAt } from '../minillm-at.ts';

const shard = (tokens: number): Buffer => Buffer.concat([binHeader(tokens), Buffer.alloc(2 * tokens)]);

test('data shards fetches shards and says what there is', async () => {
  const server = await fakeHub({ 'x_val_000000.bin': shard(50), 'x_train_000001.bin': shard(70) });
  const out = join(temporaryFolder(), 'data');
  const { code, stdout } = await minillmAt(server.url, ['data', 'shards', 'owner/name', '--out', out, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ folder: out, trainTokens: 70, validationTokens: 50, source: `owner/name @ ${server.commit}` },
    shards: ['x_train_000001.bin', 'x_val_000000.bin'],
  });
});

test('an unknown repository is one line and a non-zero exit code', async () => {
  const server = await fakeHub({});
  const out = join(temporaryFolder(), 'data');
  const { code, stderr } = await minillmAt(server.url, ['data', 'shards', 'owner/none', '--out', out]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^minillm: owner\/none: revision main: the hub knows no such name.*There are owner\/name\n$/);
});

test('Ctrl-C ends data shards at once, and the same command continues', async () => {
  let child: ChildProcess | undefined;
  const server = await fakeHub(
    { 'x_val_000000.bin': shard(5000), 'x_train_000001.bin': shard(70) },
    {
      faults: ({ stage, path, attempt }) => {
        if (stage !== 'bytes' || !path.includes('val') || attempt > 1) return undefined;
        setTimeout(() => child?.kill('SIGINT'), 300);
        return { kind: 'silence', after: 4000 };
      },
    },
  );
  const args = ['data', 'shards', 'owner/name', '--out', join(temporaryFolder(), 'data')];
  const stopped = await minillmAt(server.url, args, (started) => {
    child = started;
  });
  expect(stopped.stderr).toBe('minillm: stopping; the same command continues later (again to quit now)\n');
  expect(stopped.code).toBe(130);
  const { code, stdout } = await minillmAt(server.url, args);
  expect(code).toBe(0);
  expect(stdout).toContain('train 70 tokens, validation 5,000 tokens, 2 shards');
  expect(server.requests.find(({ stage, attempt }) => stage === 'bytes' && attempt === 2)?.range).toBe('bytes=4000-');
});
