import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Site } from '#minillm/app/tab/site.js';
import { smallRun } from '../../app/server/models/small-run.ts';
import type { FakeHubOptions } from '../../hub/fake-hub.ts';
import { noUploads } from '../../hub/fake-uploads.ts';
import { fakeHub } from '../../hub/hubs.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { BIN, type Outcome } from '../minillm.ts';

const TOKEN = 'hf_right';
/** What the hub itself puts into a new static Space. */
const NEW_SPACE = { '.gitattributes': '*.safetensors', 'README.md': 'new', 'index.html': 'new', 'style.css': 'p {}' };

/** A run of two checkpoints, and a hub with an empty Space. */
async function trained(options: Partial<FakeHubOptions> = {}) {
  const run = join(temporaryFolder(), 'tales');
  await smallRun(run, [3, 5]);
  const uploads = noUploads();
  const hub = await fakeHub(NEW_SPACE, { kind: 'space', token: TOKEN, uploads, ...options });
  const [home, temporary] = [temporaryFolder(), temporaryFolder()];
  const running: ChildProcess[] = [];
  const publish = (args: readonly string[], token = TOKEN) =>
    new Promise<Outcome>((resolve) => {
      const hubOf = { HF_ENDPOINT: hub.url, HF_HOME: home, HF_TOKEN: token, HF_TOKEN_PATH: '' };
      const child = spawn(process.execPath, [BIN, 'publish', ...args], {
        env: { ...process.env, ...hubOf, TMPDIR: temporary },
      });
      running.push(child);
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (text) => {
        stdout += text;
      });
      child.stderr.on('data', (text) => {
        stderr += text;
      });
      child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    });
  const kill = (signal: NodeJS.Signals): void => {
    for (const child of running) child.kill(signal);
  };
  return { run, hub, uploads, temporary, publish, kill };
}

const puts = ({ requests }: { readonly requests: readonly { stage: string; path: string }[] }): string[] =>
  requests.filter(({ stage }) => stage === 'put').map(({ path }) => path);

test('the app goes up as a static Space, with the headers that threads need', async () => {
  const { run, hub, uploads, temporary, publish } = await trained();
  const { code, stdout, stderr } = await publish(['--space', 'owner/name', '--checkpoint', run, '--license', 'mit']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain(`${hub.url}/spaces/owner/name: `);
  expect([uploads.sdk, uploads.isPrivate, uploads.titles]).toEqual([
    'static',
    false,
    ['tales beside untrained, 2 of 2 checkpoints on the slider'],
  ]);
  const paths = [...hub.files.keys()];
  for (const path of ['index.html', 'isolation.js', 'site.json', 'style.css', 'models/tales/model.safetensors'])
    expect(paths).toContain(path);
  const site = JSON.parse(String(hub.files.get('site.json'))) as Site;
  for (const { file } of site.steps)
    if (file) expect(hub.files.get(`${file.folder}/model.safetensors`)?.length).toBe(file.bytes);
  const [, head = '', text] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(String(hub.files.get('README.md'))) ?? [];
  expect(parse(head)).toEqual({
    title: 'name',
    emoji: expect.stringMatching(/^\p{Emoji_Presentation}$/u),
    colorFrom: expect.stringMatching(/^(red|yellow|green|blue|indigo|purple|pink|gray)$/),
    colorTo: expect.stringMatching(/^(red|yellow|green|blue|indigo|purple|pink|gray)$/),
    sdk: 'static',
    license: 'mit',
    // the hub takes 60 characters
    short_description: expect.stringMatching(/^A GPT-2 of [\d,]+ parameters.{0,30}$/),
    custom_headers: {
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'cross-origin',
    },
  });
  expect(text).toContain('(tales, beside untrained)');
  expect(readdirSync(temporary)).toEqual([]);
});

test('the same again sends nothing, another site takes away what it has not', async () => {
  const { run, hub, publish } = await trained();
  const args = ['--space', 'owner/name', '--checkpoint', run];
  expect((await publish(args)).code).toBe(0);
  const again = await publish(args);
  expect(again.stdout).toBe(`${hub.url}/spaces/owner/name has all of it already, at commit ${hub.commit}\n`);
  const { sent, removed } = JSON.parse((await publish([...args, '--slider', '0', '--json'])).stdout);
  expect(sent).toEqual(['site.json']);
  expect(removed).toEqual(['config.json', 'model.safetensors'].map((name) => `models/tales/step-00000003/${name}`));
  expect([...hub.files.keys()]).toContain('style.css');
});

test('killed before its commit, the same command goes on with what has arrived', async () => {
  let kill: (() => void) | undefined;
  const made = await trained({
    faults: ({ stage }) => {
      if (stage !== 'commit' || !kill) return undefined;
      kill();
      return { kind: 'silence', after: 0 };
    },
  });
  const { run, hub, publish } = made;
  const args = ['--space', 'owner/name', '--checkpoint', run];
  kill = () => made.kill('SIGKILL');
  expect((await publish(args)).code).toBe(-1);
  expect(hub.files.size).toBe(Object.keys(NEW_SPACE).length);
  kill = undefined;
  expect((await publish(args)).code).toBe(0);
  expect(puts(hub)).toHaveLength(2);
  expect(new Set(puts(hub)).size).toBe(2);
});

test('asked to stop, it leaves no temporary folder', async () => {
  let kill = (): void => {};
  const made = await trained({
    faults: ({ stage }) => {
      if (stage !== 'put') return undefined;
      kill();
      return { kind: 'silence', after: 0 };
    },
  });
  kill = () => made.kill('SIGTERM');
  const { code, stderr } = await made.publish(['--space', 'owner/name', '--checkpoint', made.run]);
  expect([code, stderr]).toEqual([143, 'minillm: stopping; what has been uploaded is kept (again to quit now)\n']);
  expect(readdirSync(made.temporary)).toEqual([]);
});

test('--dry-run says what would be uploaded and asks the hub nothing', async () => {
  const { run, hub, publish } = await trained();
  const { code, stdout } = await publish(['--space', 'owner/name', '--checkpoint', run, '--dry-run'], '');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^owner\/name would get, as a public Space:\n\nfile +size\n/);
  expect(stdout).toMatch(/^models\/tales\/model\.safetensors +[\d.]+ MB$/m);
  expect(stdout).toContain('\nREADME.md:\n\n---\ntitle: name\n');
  expect(hub.requests).toEqual([]);
});

test('what is wrong is said before any work is done', async () => {
  const { run, hub, publish } = await trained();
  const space = ['--space', 'owner/name', '--checkpoint', run];
  expect(await publish(space, '')).toMatchObject({ code: 1, stderr: expect.stringMatching(/found none; make one/) });
  expect(await publish(['--space', 'name', '--checkpoint', run])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/expected OWNER\/NAME.*found name/),
  });
  for (const [args, message] of [
    [['--checkpoint', run], /expected OWNER\/NAME of a model, or --space OWNER\/NAME/],
    [['owner/name', ...space], /expected OWNER\/NAME of a model, or --space OWNER\/NAME/],
    [[...space, '--with-optimizer'], /--with-optimizer is not for a Space/],
    [['owner/name', '--checkpoint', run, '--weights', 'int8'], /--weights is not for a model/],
    [['--space', 'owner/name'], /--checkpoint is required/],
  ] as const)
    expect(await publish(args)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  expect(hub.requests).toEqual([]);
});
