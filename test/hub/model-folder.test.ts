import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import type { Hub } from '#minillm/hub/hub.js';
import { fetchModelFolder } from '#minillm/hub/model-folder.js';
import { isHubModel } from '#minillm/hub/model-name.js';
import { tryLock } from '#minillm/support/process-lock.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { FakeHubOptions } from './fake-hub.ts';
import { fakeHub, hubAt } from './hubs.ts';

const FIXTURE = new URL('../fixtures/gpt2-tiny/', import.meta.url);
const FILES = {
  'config.json': readFileSync(new URL('config.json', FIXTURE)),
  'model.safetensors': readFileSync(new URL('model.safetensors', FIXTURE)),
  'vocab.json': '{}',
  'README.md': 'what it is',
  'onnx/model.safetensors': 'another',
  'pytorch_model.bin': 'the same in another format',
};

async function model(files: Record<string, Buffer | string> = FILES, options: Partial<FakeHubOptions> = {}) {
  const server = await fakeHub(files, { kind: 'model', ...options });
  const cacheFolder = temporaryFolder();
  /** Names of files whose download was reported. */
  const reported = new Set<string>();
  const fetched = (name = 'hf:owner/name', hub: Partial<Hub> = {}) =>
    fetchModelFolder(name, {
      hub: hubAt(server, hub),
      cacheFolder,
      onProgress: (progress) => reported.add(progress.name),
    });
  return { server, fetched, cacheFolder, reported };
}

test('names that begin with hf: mean the hub', () => {
  expect(['hf:openai-community/gpt2', 'runs/gpt2', './hf:x'].map(isHubModel)).toEqual([true, false, false]);
});

test('the files of a GPT-2 are fetched once, and open', async () => {
  const { fetched, server, reported } = await model();
  const path = await fetched();
  expect([...reported].sort()).toEqual(['config.json', 'model.safetensors', 'vocab.json']);
  reported.clear();
  const folder = await openGpt2Folder(path);
  expect(folder.parameters.length).toBeGreaterThan(0);
  await folder.close();
  expect(readFileSync(join(path, 'vocab.json'), 'utf8')).toBe('{}');
  for (const other of ['README.md', 'onnx', 'pytorch_model.bin']) expect(existsSync(join(path, other))).toBe(false);
  const asked = server.requests.length;
  expect(await fetched()).toBe(path);
  expect(server.requests.slice(asked).map(({ stage }) => stage)).toEqual(['info', 'tree']);
  expect(reported.size).toBe(0);
});

test('weights in several files come with their index', async () => {
  const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  const index = 'model.safetensors.index.json';
  const { fetched } = await model({ 'config.json': '{}', [index]: '{}', [names[0] ?? '']: 'a', [names[1] ?? '']: 'b' });
  const path = await fetched();
  for (const name of [...names, index]) expect(existsSync(join(path, name))).toBe(true);
});

test('a commit that is here is not asked for, a branch is with HF_HUB_OFFLINE what it was', async () => {
  const { fetched, server, cacheFolder } = await model();
  await expect(fetched('hf:owner/name', { isOffline: true })).rejects.toThrow(
    `hf:owner/name: HF_HUB_OFFLINE is set and the model is not in ${cacheFolder}`,
  );
  const name = `hf:owner/name@${server.commit}`;
  const path = await fetched(name);
  const asked = server.requests.length;
  expect(await fetched(name)).toBe(path);
  expect(await fetched(name, { isOffline: true })).toBe(path);
  expect(server.requests.length).toBe(asked);
  await fetched('hf:owner/name@main');
  expect(await fetched('hf:owner/name', { isOffline: true })).toBe(path);
});

test('a model that is whole is read without a lock, so that a cache need not be writable', async () => {
  const { fetched } = await model();
  const path = await fetched();
  const { lock } = tryLock(join(path, '.lock'));
  expect(await fetched()).toBe(path);
  rmSync(join(path, 'vocab.json'));
  const again = fetched();
  lock?.release();
  await again;
  expect(existsSync(join(path, 'vocab.json'))).toBe(true);
});

test("weights in PyTorch's own format alone are refused before anything is downloaded", async () => {
  const { fetched, server } = await model({ 'config.json': '{}', 'pytorch_model.bin': 'x' });
  await expect(fetched()).rejects.toThrow(
    "hf:owner/name: expected model.safetensors and config.json, found only PyTorch's own format",
  );
  expect(server.requests.some(({ stage }) => stage === 'resolve')).toBe(false);
});

test('a gated model says how to get in', async () => {
  const { fetched, server } = await model(FILES, { gated: true, token: 'right' });
  await expect(fetched()).rejects.toThrow(
    `owner/name: config.json: access is granted to those who accept its terms; accept them at ${server.url}/owner/name, make a token at ${server.url}/settings/tokens and set HF_TOKEN`,
  );
  await expect(fetched('hf:owner/name', { token: 'wrong' })).rejects.toThrow(
    'the hub refuses it to this token; accept the terms at',
  );
  expect(existsSync(await fetched('hf:owner/name', { token: 'right' }))).toBe(true);
});

test('several at a time download a model once', async () => {
  const { fetched, server } = await model();
  const paths = await Promise.all([fetched(), fetched(), fetched()]);
  expect(new Set(paths).size).toBe(1);
  expect(server.requests.filter(({ stage }) => stage === 'bytes').length).toBe(1);
});

test('the error for a malformed model name shows the form', async () => {
  const { fetched } = await model();
  await expect(fetched('hf:')).rejects.toThrow('expected hf:OWNER/NAME or hf:OWNER/NAME@REVISION, found hf:');
  await expect(fetched('hf:a/b/c')).rejects.toThrow('expected a name on the hub, OWNER/NAME, found a/b/c');
});
