import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openHub } from '#minillm/hub/hub.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

const VARIABLES = [
  ...['HF_ENDPOINT', 'HF_TOKEN', 'HF_TOKEN_PATH', 'HF_HOME', 'HF_HUB_OFFLINE', 'HF_HUB_DOWNLOAD_TIMEOUT'],
  'XDG_CACHE_HOME',
];
beforeEach(() => {
  for (const name of VARIABLES) vi.stubEnv(name, undefined);
  vi.stubEnv('HF_HOME', temporaryFolder());
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test('without variables it is the public hub, without a token', async () => {
  expect(await openHub()).toMatchObject({ url: 'https://huggingface.co', token: undefined, isOffline: false });
});

test('HF_ENDPOINT names another hub', async () => {
  vi.stubEnv('HF_ENDPOINT', 'https://mirror.example/hf/');
  expect((await openHub()).url).toBe('https://mirror.example/hf');
  vi.stubEnv('HF_ENDPOINT', 'mirror.example');
  await expect(openHub()).rejects.toThrow('HF_ENDPOINT: expected an address such as https://huggingface.co, found');
});

test('the token is that of HF_TOKEN, else of HF_TOKEN_PATH, else of the file in HF_HOME, else in the XDG cache', async () => {
  const folder = temporaryFolder();
  const write = (path: string, token: string) => writeFileSync(join(folder, path), `${token}\n`);
  write('token', 'home');
  write('other', 'path');
  vi.stubEnv('HF_HOME', folder);
  expect((await openHub()).token).toBe('home');
  vi.stubEnv('HF_TOKEN_PATH', join(folder, 'other'));
  expect((await openHub()).token).toBe('path');
  vi.stubEnv('HF_TOKEN', ' variable ');
  expect((await openHub()).token).toBe('variable');
});

test('HF_HUB_OFFLINE and HF_HUB_DOWNLOAD_TIMEOUT are read as huggingface_hub reads them', async () => {
  vi.stubEnv('HF_HUB_OFFLINE', 'true');
  vi.stubEnv('HF_HUB_DOWNLOAD_TIMEOUT', '15');
  expect(await openHub()).toMatchObject({ isOffline: true, patience: { silenceMilliseconds: 15_000 } });
  vi.stubEnv('HF_HUB_OFFLINE', '0');
  expect(await openHub()).toMatchObject({ isOffline: false });
});
