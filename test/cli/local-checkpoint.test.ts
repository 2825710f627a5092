import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hellaswagFile } from '../eval/hellaswag-lines.ts';
import { fakeHub } from '../hub/hubs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { minillmAt } from './minillm-at.ts';

const FIXTURE = new URL('../fixtures/gpt2-tiny/', import.meta.url);

test('hf:OWNER/NAME names the weights that train starts from', async () => {
  const files = { 'config.json': readFileSync(new URL('config.json', FIXTURE)), 'model.safetensors': 'not yet read' };
  const server = await fakeHub(files, { kind: 'model' });
  const out = join(temporaryFolder(), 'run');
  const args = ['train', '--init', 'hf:owner/name', '--data', 'nowhere', '--out', out, '--print-config'];
  const { code, stdout, stderr } = await minillmAt(server.url, args);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ init: 'hf:owner/name', sequenceLength: 24 });
  expect(stderr).toMatch(/^downloading hf:owner\/name, /);
});

test.each([
  ['sample', ['--tokens', '4', '--json']],
  ['eval', ['--hellaswag', 'FILE', '--json']],
  ['serve', ['--port', '0']],
])('hf:OWNER/NAME names a checkpoint of %s, whose download is told apart from the output', async (command, flags) => {
  const files = ['config.json', 'model.safetensors'];
  const contents = files.map((name) => [name, readFileSync(new URL(name, FIXTURE))] as const);
  const server = await fakeHub(Object.fromEntries(contents), { kind: 'model' });
  const rest = flags.map((flag) => (flag === 'FILE' ? hellaswagFile(1) : flag));
  const outcome = await minillmAt(server.url, [command, '--checkpoint', 'hf:owner/name', ...rest]);
  const { code, stdout, stderr } = outcome;
  // the fixture has a vocabulary of its own, which is found out after it was fetched and opened
  expect(stderr).toMatch(/^downloading hf:owner\/name, .*\n(.*\n)*minillm: .*GPT-2's vocabulary of 50257 tokens/);
  expect(stdout).toBe('');
  expect(code).toBe(1);
  expect(server.requests.some(({ stage, path }) => stage === 'bytes' && path === 'model.safetensors')).toBe(true);
});
