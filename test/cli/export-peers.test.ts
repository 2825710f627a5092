/**
 * @file Exports, opened by the programs that they are for. These take part where they are: MINILLM_TEST_LLAMA names a folder
 * in which node-llama-cpp is installed, MINILLM_TEST_LLMC a checkout of llm.c, as --llama and --llmc of the benchmarks do.
 */

import { execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { encode } from '#minillm/data/tokenizer/tokenizer.js';
import { writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { findCompiler } from '#minillm/native/compiler.js';
import { fillNormal, Random } from '#minillm/support/random.js';
import { writeBin } from '../data/shard-files.ts';
import { minillm } from './minillm.js';

const { MINILLM_TEST_LLAMA: llama = '', MINILLM_TEST_LLMC: llmc = '' } = process.env;
const run = promisify(execFile);

const FOLDER = mkdtempSync(join(tmpdir(), 'minillm-test-'));
const MODEL = join(FOLDER, 'model');
const CONFIG = { layers: 3, heads: 4, channels: 64, contextLength: 128, vocabularySize: 50257, layerNormEpsilon: 1e-5 };
const PROMPT = 'Once upon a time';
const TOKENS = 100;

beforeAll(async () => {
  if (!llama && !llmc) return;
  // with wide weights, so that it does not write one token for ever
  await writeGpt2Folder(MODEL, CONFIG, (name, start, target) => {
    const untilHere = new Float32Array(start + target.length);
    fillNormal(untilHere, /w[tp]e/.test(name) ? 0.1 : 0.15, 7, name);
    if (/ln_\w+\.weight$/.test(name)) for (let index = 0; index < untilHere.length; index++) untilHere[index]! += 1;
    target.set(untilHere.subarray(start));
  });
});
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

async function exported(to: string, out: string, type = 'f32', ...more: string[]): Promise<string> {
  const flags = ['--checkpoint', MODEL, '--to', to, '--type', type, '--out', out, ...more];
  const { code, stderr } = await minillm('export', ...flags);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  return out;
}

/** As much of node-llama-cpp as is used here; it is no dependency. */
interface NodeLlamaCpp {
  getLlama(options: object): Promise<{
    loadModel(options: { modelPath: string }): Promise<{
      tokenize(text: string, specialTokens: boolean): readonly number[];
      createContext(options: object): Promise<{ getSequence(): Sequence }>;
      dispose(): Promise<void>;
    }>;
  }>;
}

interface Sequence {
  evaluate(tokens: readonly number[], options: object): AsyncGenerator<number, void>;
  controlledEvaluate(
    input: readonly [number, object][],
  ): Promise<{ next: { probabilities: ReadonlyMap<number, number> } }[]>;
}

describe.skipIf(!llama)('llama.cpp', () => {
  async function open(path: string) {
    const entry = createRequire(join(resolve(llama), 'package.json')).resolve('node-llama-cpp');
    const { getLlama } = (await import(pathToFileURL(entry).href)) as NodeLlamaCpp;
    const engine = await getLlama({ gpu: false, maxThreads: 1, logLevel: 'error', build: 'never' });
    const model = await engine.loadModel({ modelPath: path });
    const context = await model.createContext({ sequences: 1, contextSize: CONFIG.contextLength, threads: 1 });
    return { model, sequence: context.getSequence() };
  }

  test(`generates the ${TOKENS} tokens that sample generates, and tokenises as we do`, async () => {
    const { model, sequence } = await open(await exported('gguf', join(FOLDER, 'f32.gguf')));
    const text = 'Once upon a time, Ünïcode 123!  It’s  \n done.';
    expect(model.tokenize(text, true)).toEqual([...encode(text)]);
    expect(model.tokenize('<|endoftext|>', true)).toEqual([50256]);
    const found: number[] = [];
    for await (const token of sequence.evaluate([...encode(PROMPT)], { temperature: 0, yieldEogToken: true }))
      if (found.push(token) === TOKENS) break;
    await model.dispose();
    const flags = ['--prompt', PROMPT, '--tokens', `${TOKENS}`, '--temperature', '0', '--device', 'cpu', '--json'];
    const { stdout } = await minillm('sample', '--checkpoint', MODEL, ...flags);
    expect(found).toEqual(JSON.parse(stdout).samples[0].tokens);
    expect(new Set(found).size).toBeGreaterThan(5);
  });

  test.each([
    // the keys and values of all are f16
    ['f16', 0.01],
    ['bf16', 0.05],
    // what is multiplied with the weights is rounded, too
    ['q8_0', 0.15],
  ])('%s has the probabilities of f32 within its rounding: logarithms within %f', async (type, tolerance) => {
    const [exact, rounded] = [await nextProbabilities('f32'), await nextProbabilities(type)];
    const differences = exact.flatMap((probabilities, position) =>
      [...probabilities]
        .slice(0, 20)
        .map(([token, probability]) => Math.abs(Math.log(probability / rounded[position]!.get(token)!))),
    );
    expect(differences.length).toBe(20 * [...encode(PROMPT)].length);
    expect(Math.max(...differences)).toBeLessThan(tolerance);
  });

  /** After each token of the prompt; the likeliest come first. */
  async function nextProbabilities(type: string) {
    const { model, sequence } = await open(
      await exported('gguf', join(FOLDER, `next-${type}.gguf`), type, '--overwrite'),
    );
    const options = { generateNext: { probabilities: true, options: { temperature: 1, topK: 0, topP: 1, minP: 0 } } };
    const result = await sequence.controlledEvaluate([...encode(PROMPT)].map((token) => [token, options]));
    await model.dispose();
    return result.map(({ next }) => next.probabilities);
  }
});

test.skipIf(!llmc)("llm.c's train_gpt2 opens the model file, and has our loss within 1e-4", async () => {
  const folder = join(FOLDER, 'llm.c');
  const shards = join(folder, 'dev/data/tinyshakespeare');
  mkdirSync(shards, { recursive: true });
  const random = new Random(1, 'tokens');
  const tokens = Array.from({ length: 2000 }, () => Math.floor(random.uniform() * 50257));
  // by our names, and by llm.c's
  for (const [ours, theirs] of [
    ['train_000001.bin', 'tiny_shakespeare_train.bin'],
    ['val_000000.bin', 'tiny_shakespeare_val.bin'],
  ] as const) {
    await writeBin(join(FOLDER, ours), tokens);
    copyFileSync(join(FOLDER, ours), join(shards, theirs));
  }
  await exported('llmc', join(folder, 'gpt2_124M.bin'));
  const { command, args } = await findCompiler();
  const program = join(folder, 'train_gpt2');
  const sources = [join(llmc, 'train_gpt2.c'), 'bench/peers/line_buffered.c'];
  await run(command, [...args, '-O2', '-w', '-I', llmc, ...sources, '-o', program, '-lm']);
  const child = spawn(program, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  let loss = Number.NaN;
  for await (const line of createInterface({ input: child.stdout })) {
    const [, found] = /^val loss ([\d.]+)/.exec(line) ?? [];
    if (found === undefined) continue;
    loss = Number(found);
    break;
  }
  // 5 batches of 4 × 64
  const flags = ['--eval-tokens', '1280', '--sequence-length', '64', '--device', 'cpu', '--json'];
  const { stdout } = await minillm('eval', '--checkpoint', MODEL, '--data', FOLDER, ...flags);
  expect(Math.abs(loss - JSON.parse(stdout).validation.loss)).toBeLessThan(1e-4);
});
