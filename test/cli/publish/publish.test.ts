import { spawn } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fetchModelFolder } from '#minillm/hub/model-folder.js';
import type { FakeHubOptions } from '../../hub/fake-hub.ts';
import { noUploads } from '../../hub/fake-uploads.ts';
import { fakeHub, hubAt } from '../../hub/hubs.ts';
import { writeSyntheticRun } from '../../report/synthetic-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { BIN, type Outcome } from '../minillm.ts';

const TOKEN = 'hf_right';
const FIXTURE = new URL('../../fixtures/gpt2-tiny/', import.meta.url);
const STEP = 'step-00000500';

/** A run with a checkpoint at step 500, of the fixture's weights, and a hub that has nothing. */
async function trained(options: Partial<FakeHubOptions> = {}) {
  const out = writeSyntheticRun(join(temporaryFolder(), 'run'), { planned: 600 });
  for (const name of ['model.safetensors', 'config.json']) cpSync(new URL(name, FIXTURE), join(out, STEP, name));
  const uploads = noUploads();
  const hub = await fakeHub({}, { kind: 'model', token: TOKEN, uploads, ...options });
  const home = temporaryFolder();
  const publish = (args: readonly string[], token = TOKEN) =>
    new Promise<Outcome>((resolve) => {
      const env = { ...process.env, HF_ENDPOINT: hub.url, HF_HOME: home, HF_TOKEN: token, HF_TOKEN_PATH: '' };
      const child = spawn(process.execPath, [BIN, 'publish', ...args], { env });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (text) => {
        stdout += text;
      });
      child.stderr.on('data', (text) => {
        stderr += text;
      });
      child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
    });
  return { out, hub, uploads, publish };
}

test('a run is published with its card, and comes back from the hub with the same bytes', async () => {
  const { out, hub, uploads, publish } = await trained();
  const args = ['owner/name', '--checkpoint', out, '--license', 'mit'];
  const { code, stdout, stderr } = await publish(args);
  expect([code, stderr]).toEqual([0, '']);
  const expected = ['README.md', 'config.json', 'loss.png', 'metrics.jsonl', 'model.safetensors'];
  expect([...hub.files.keys()].sort()).toEqual(expected);
  expect(stdout).toContain(`${hub.url}/owner/name: `);
  expect(uploads.titles).toEqual(['Step 500']);
  expect(hub.files.get('loss.png')?.subarray(1, 4).toString()).toBe('PNG');
  expect(String(hub.files.get('README.md'))).toMatch(/^---\nlicense: mit\n[\s\S]*# name\n/);
  expect(String(hub.files.get('metrics.jsonl'))).toMatch(/"step":500,"text":.*\n$/);

  const folder = await fetchModelFolder('hf:owner/name', { hub: hubAt(hub), cacheFolder: temporaryFolder() });
  for (const name of ['model.safetensors', 'config.json'])
    expect(readFileSync(join(folder, name)).equals(readFileSync(new URL(name, FIXTURE)))).toBe(true);
});

test('what is there already is not sent; the optimizer goes up when it is asked for', async () => {
  const { out, hub, uploads, publish } = await trained();
  const args = ['owner/name', '--checkpoint', out, '--license', 'mit'];
  expect((await publish(args)).code).toBe(0);
  const again = await publish(args);
  expect(again.stdout).toBe(`${hub.url}/owner/name has all of it already, at commit ${hub.commit}\n`);
  const more = await publish([...args, '--with-optimizer', '--json']);
  expect(JSON.parse(more.stdout)).toMatchObject({
    commit: hub.commit,
    sent: ['optimizer.safetensors', 'state.json'],
    unchanged: expect.arrayContaining(['model.safetensors', 'config.json', 'README.md', 'loss.png', 'metrics.jsonl']),
  });
  expect(uploads.titles).toHaveLength(2);
});

test('a publication that failed goes on when it is started again: no object is sent twice', async () => {
  let refuses = true;
  const { out, hub, publish } = await trained({
    // the weights have arrived by then
    faults: ({ stage }) => (stage === 'commit' && refuses ? { kind: 'status', status: 400 } : undefined),
  });
  const args = ['owner/name', '--checkpoint', out, '--license', 'mit'];
  expect(await publish(args)).toMatchObject({
    code: 1,
    stderr: 'minillm: owner/name: the hub answers 400: Bad Request\n',
  });
  expect(hub.files.size).toBe(0);
  refuses = false;
  expect((await publish(args)).code).toBe(0);
  const puts = hub.requests.filter(({ stage }) => stage === 'put').map(({ path }) => path);
  expect(new Set(puts).size).toBe(puts.length);
});

test('--dry-run says what would be uploaded and asks the hub nothing', async () => {
  const { out, hub, publish } = await trained();
  const { code, stdout, stderr } = await publish(['owner/name', '--checkpoint', out, '--private', '--dry-run'], '');
  expect([code, stderr]).toEqual([0, 'minillm: the card names no license; --license gives the model one\n']);
  expect(stdout).toMatch(/^owner\/name would get, as a private model:\n\nfile +size\n/);
  expect(stdout).toMatch(/^model\.safetensors +[\d.]+ kB$/m);
  expect(stdout).toContain('\nREADME.md:\n\n---\nlibrary_name: transformers\n');
  expect(hub.requests).toEqual([]);
});

test.each([
  [['name'], /expected OWNER\/NAME.*found name/],
  [['owner/name', '--checkpoint', 'none'], /none: expected a run folder.*found nothing/],
  [['owner/name', '--checkpoint', 'hf:a/b'], /expected a checkpoint on this disk/],
  [['other/name'], /other\/name: the token may not write there/],
])('%j is refused in one line', async (given, message) => {
  const { out, hub, publish } = await trained();
  const checkpoint = given.includes('--checkpoint') ? [] : ['--checkpoint', out];
  const { code, stdout, stderr } = await publish([...given, ...checkpoint, '--license', 'mit']);
  expect([code, stdout, stderr.split('\n').length]).toEqual([1, '', 2]);
  expect(stderr).toMatch(message);
  expect(hub.files.size).toBe(0);
});

test.each([
  ['', /expected a token of the hub, found none; make one/],
  ['hf_wrong', /the hub does not accept the token/],
])('the token %j is refused in one line', async (token, message) => {
  const { out, publish } = await trained();
  const { code, stderr } = await publish(['owner/name', '--checkpoint', out, '--license', 'mit'], token);
  expect([code, stderr.split('\n').length]).toEqual([1, 2]);
  expect(stderr).toMatch(message);
});

test('flags that are missing or wrong are usage errors', async () => {
  const { publish } = await trained();
  expect(await publish(['owner/name'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--checkpoint is required/),
  });
  expect((await publish(['owner/name', '--checkpoint', 'x', '--license', 'My License'])).code).toBe(2);
});
