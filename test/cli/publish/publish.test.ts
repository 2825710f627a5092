import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fetchModelFolder } from '#minillm/hub/model-folder.js';
import type { FakeHubOptions } from '../../hub/fake-hub.ts';
import { noUploads } from '../../hub/fake-uploads.ts';
import { fakeHub, hubAt } from '../../hub/hubs.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { fixtureTraining } from '../fixture-run.ts';
import { BIN, minillm, type Outcome } from '../minillm.ts';

const TOKEN = 'hf_right';

/** A run of 20 steps with two checkpoints, and a hub that has nothing. */
async function trained(options: Partial<FakeHubOptions> = {}) {
  const out = join(temporaryFolder(), 'run');
  const { code } = await minillm(
    ...(await fixtureTraining(out, 20)),
    ...['--checkpoint-every', '10', '--eval-every', '10', '--json'],
  );
  expect(code).toBe(0);
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
  const step = join(out, 'step-00000020');
  const expected = [...readdirSync(step).filter((name) => !/^(optimizer|state)/.test(name)), 'README.md', 'loss.png'];
  expect([...hub.files.keys()].sort()).toEqual([...expected, 'metrics.jsonl'].sort());
  expect(stdout).toContain(`${hub.url}/owner/name: `);
  expect(uploads.titles).toEqual(['Step 20']);
  expect(hub.files.get('loss.png')?.subarray(1, 4).toString()).toBe('PNG');
  expect(String(hub.files.get('README.md'))).toMatch(/^---\nlicense: mit\n[\s\S]*# name\n/);
  expect(String(hub.files.get('metrics.jsonl'))).toBe(readFileSync(join(out, 'metrics.jsonl'), 'utf8'));

  const folder = await fetchModelFolder('hf:owner/name', { hub: hubAt(hub), cacheFolder: temporaryFolder() });
  for (const name of ['model.safetensors', 'config.json'])
    expect(readFileSync(join(folder, name)).equals(readFileSync(join(step, name)))).toBe(true);

  const again = await publish(args);
  expect(again.stdout).toBe(`${hub.url}/owner/name has all of it already, at commit ${hub.commit}\n`);
  const earlier = await publish([...args.slice(0, 2), join(out, 'step-00000010'), '--with-optimizer', '--json']);
  expect(JSON.parse(earlier.stdout)).toMatchObject({
    commit: hub.commit,
    sent: expect.arrayContaining(['model.safetensors', 'optimizer.safetensors', 'state.json', 'metrics.jsonl']),
    unchanged: expect.arrayContaining(['config.json']),
  });
  expect(uploads.titles).toEqual(['Step 20', 'Step 10']);
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

test('errors are one line: names, tokens, checkpoints', async () => {
  const { out, hub, publish } = await trained();
  const errorOf = async (args: readonly string[], token?: string) => {
    const { code, stdout, stderr } = await publish([...args, '--license', 'mit'], token);
    expect([code, stdout, stderr.split('\n').length]).toEqual([1, '', 2]);
    return stderr;
  };
  const checkpoint = ['--checkpoint', out];
  expect(await errorOf(['name', ...checkpoint])).toMatch(/expected OWNER\/NAME.*found name/);
  expect(await errorOf(['owner/name', ...checkpoint], '')).toMatch(/expected a token of the hub, found none; make one/);
  expect(await errorOf(['owner/name', ...checkpoint], 'hf_wrong')).toMatch(/the hub does not accept the token/);
  expect(await errorOf(['other/name', ...checkpoint])).toMatch(/other\/name: the token may not write there/);
  expect(await errorOf(['owner/name', '--checkpoint', `${out}-none`])).toMatch(/expected a run folder.*found nothing/);
  expect(await errorOf(['owner/name', '--checkpoint', 'hf:a/b'])).toMatch(/expected a checkpoint on this disk/);
  expect(hub.files.size).toBe(0);
  expect((await publish(['owner/name'])).stderr).toMatch(/--checkpoint is required/);
  expect((await publish(['owner/name', ...checkpoint, '--license', 'My License'])).code).toBe(2);
});
