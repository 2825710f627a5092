import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decode, END_OF_TEXT } from '#minillm/data/tokenizer/tokenizer.js';
import { writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { initialise } from '#minillm/model/initialise.js';
import { BIN, minillm } from './minillm.js';

/** An untrained model of GPT-2's vocabulary. */
const MODEL = mkdtempSync(join(tmpdir(), 'minillm-test-'));
const CONFIG = { layers: 1, heads: 2, channels: 16, contextLength: 64, vocabularySize: 50257, layerNormEpsilon: 1e-5 };
const FIXTURE = fileURLToPath(new URL('../fixtures/gpt2-tiny', import.meta.url));

beforeAll(async () => {
  await writeGpt2Folder(MODEL, CONFIG, (name, start, target) => {
    const untilHere = new Float32Array(start + target.length);
    initialise(untilHere, name, CONFIG, 1);
    target.set(untilHere.subarray(start));
  });
});
afterAll(() => rmSync(MODEL, { recursive: true, force: true }));

const sample = (...args: string[]) => minillm('sample', '--checkpoint', MODEL, ...args);

test('prints the prompt and its continuation, and how fast it went beside it', async () => {
  const { code, stdout, stderr } = await sample('--prompt', 'Once upon', '--tokens', '10');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Once upon.+\n$/s);
  expect(stderr).toMatch(/^10 tokens in .*, [\d.]+ tokens\/s\n$/);
});

test('<|endoftext|> in a prompt is one token', async () => {
  // as plain text these would be 420 tokens, in a context of 64
  const prompt = '<|endoftext|>'.repeat(60);
  const { code, stdout, stderr } = await sample('--prompt', prompt, '--tokens', '4');
  expect([code, stdout.startsWith(prompt)], stderr).toEqual([0, true]);
});

test('several texts come in order, as --json gives them; one seed gives the same texts, another others', async () => {
  const flags = ['--count', '10', '--tokens', '7', '--prompt', 'A'];
  const { stdout } = await sample(...flags, '--json');
  const { samples, ...rest } = JSON.parse(stdout);
  expect(rest).toMatchObject({ checkpoint: MODEL, prompt: 'A', temperature: 1, topK: 50, topP: 1, seed: 0 });
  const texts: string[] = samples.map(({ text }: { text: string }) => text);
  for (const { text, tokens, ended } of samples) {
    expect(text).toBe(`A${decode(tokens)}`);
    expect([tokens.length, ended]).toEqual([7, 'length']);
  }
  expect(new Set(texts).size).toBe(10);
  expect((await sample(...flags)).stdout).toBe(`${texts.join('\n---\n')}\n`);
  expect((await sample(...flags, '--seed', '1')).stdout).not.toBe(`${texts.join('\n---\n')}\n`);
});

test('a text alone is the first of several', async () => {
  const flags = ['--tokens', '12', '--prompt', 'Two'];
  const [first] = (await sample(...flags, '--count', '3')).stdout.split('\n---\n');
  expect((await sample(...flags)).stdout).toBe(`${first}\n`);
});

test('temperature 0 gives one text whatever the seed and the threads', async () => {
  const flags = ['--tokens', '8', '--temperature', '0'];
  const one = await sample(...flags, '--seed', '1', '--threads', '1');
  const two = await sample(...flags, '--seed', '2', '--threads', '2');
  expect(one.stdout).toBe(two.stdout);
  expect(one.stdout).toMatch(/^Hello, I'm a language model,/);
});

test('an empty prompt begins a new document', async () => {
  const { stdout } = await sample('--prompt', '', '--tokens', '3', '--json');
  const { samples } = JSON.parse(stdout);
  expect(samples[0].text).toBe(decode(samples[0].tokens));
  expect(samples[0].tokens).not.toContain(END_OF_TEXT);
});

test.each(['bf16', 'int8'])('%s generates', async (precision) => {
  expect((await sample('--precision', precision, '--tokens', '3')).code).toBe(0);
});

test('a reader that stops reading is no error', async () => {
  const child = spawn(process.execPath, [BIN, 'sample', '--checkpoint', MODEL, '--tokens', '50', '--prompt', 'A']);
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  expect(stderr).not.toMatch(/EPIPE|Error/);
});

describe('refuses in one line', () => {
  test('a text longer than the context', async () => {
    const { code, stderr } = await sample('--tokens', '60', '--prompt', 'a b c d e f g');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^minillm: .*context of 64 tokens, found 67;.*\n$/);
  });

  test("a model whose vocabulary is not GPT-2's", async () => {
    const { code, stderr } = await minillm('sample', '--checkpoint', FIXTURE);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^minillm: .*vocabulary of 50257 tokens, found one of 500\n$/);
  });
});
