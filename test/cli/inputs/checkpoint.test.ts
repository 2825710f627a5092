import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { hellaswagFile } from '../../eval/hellaswag-lines.ts';
import { fakeHub } from '../../hub/hubs.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { minillmAt } from '../minillm-at.ts';

const FIXTURE = new URL('../../fixtures/gpt2-tiny/', import.meta.url);

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

// the fixture has a vocabulary of its own, which is found out after it was fetched and opened
const VOCABULARY = /GPT-2's vocabulary of 50257 tokens/;

test.each([
  ['sample', ['--tokens', '4', '--json'], VOCABULARY],
  ['serve', ['--port', '0'], VOCABULARY],
  ['eval', ['--hellaswag', 'FILE', '--json'], VOCABULARY],
])(
  'hf:OWNER/NAME names a checkpoint of %s, whose download is told apart from its output',
  async (command, flags, end) => {
    vi.stubEnv('MINILLM_CPU_VARIANT', 'none');
    onTestFinished(() => void vi.unstubAllEnvs());
    const files = ['config.json', 'model.safetensors'];
    const contents = files.map((name) => [name, readFileSync(new URL(name, FIXTURE))] as const);
    const server = await fakeHub(Object.fromEntries(contents), { kind: 'model' });
    const rest = flags.map((flag) => (flag === 'FILE' ? hellaswagFile(1) : flag));
    const args = [command, '--checkpoint', 'hf:owner/name', ...rest];
    const { code, stdout, stderr } = await minillmAt(server.url, args);
    expect(stderr).toMatch(/^downloading hf:owner\/name, .*\n(.*\n)*minillm: .*\n$/);
    expect(stderr).toMatch(end);
    expect(stdout).toBe('');
    expect(code).toBe(1);
    expect(server.requests.some(({ stage, path }) => stage === 'bytes' && path === 'model.safetensors')).toBe(true);
  },
);
