import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { binHeader } from '#minillm/data/shard-format.js';
import { fakeHub } from '../hub/hubs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { BIN } from './minillm.ts';

const FIXTURE = new URL('../fixtures/gpt2-tiny/', import.meta.url);
const shard = (tokens: number): Buffer => Buffer.concat([binHeader(tokens), Buffer.alloc(2 * tokens)]);

/** Runs `minillm` against a hub. */
function minillmAt(url: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, HF_ENDPOINT: url, HF_TOKEN: '', HF_HOME: '/nowhere', MINILLM_CACHE: temporaryFolder() };
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test('data shards fetches shards and says what there is', async () => {
  const server = await fakeHub({ 'x_val_000000.bin': shard(50), 'x_train_000001.bin': shard(70) });
  const out = join(temporaryFolder(), 'data');
  const { code, stdout } = await minillmAt(server.url, 'data', 'shards', 'owner/name', '--out', out, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ folder: out, trainTokens: 70, validationTokens: 50, source: `owner/name @ ${server.commit}` },
    shards: ['x_train_000001.bin', 'x_val_000000.bin'],
  });
});

test('an unknown repository is one line and a non-zero exit code', async () => {
  const server = await fakeHub({});
  const out = join(temporaryFolder(), 'data');
  const { code, stderr } = await minillmAt(server.url, 'data', 'shards', 'owner/none', '--out', out);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^minillm: owner\/none: revision main: the hub knows no such name.*There are owner\/name\n$/);
});

test('hf:OWNER/NAME names a checkpoint of sample', async () => {
  const files = ['config.json', 'model.safetensors'];
  const contents = files.map((name) => [name, readFileSync(new URL(name, FIXTURE))] as const);
  const server = await fakeHub(Object.fromEntries(contents), { kind: 'model' });
  const { code, stderr } = await minillmAt(server.url, 'sample', '--checkpoint', 'hf:owner/name', '--tokens', '4');
  // the fixture has a vocabulary of its own, which is found out after it was fetched and opened
  expect(stderr).toMatch(/expected a model with GPT-2's vocabulary of 50257 tokens/);
  expect(code).toBe(1);
  expect(server.requests.some(({ stage, path }) => stage === 'bytes' && path === 'model.safetensors')).toBe(true);
});
