/** @file A model in int8 is the model whose weights have been quantised, in every program. */

import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { Session } from '#minillm/engine/runtime/session.js';
import { planLosses, planScoring } from '#minillm/eval/programs.js';
import { Scorer } from '#minillm/eval/scorer.js';
import { openGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { layoutForInference, planGeneration } from '#minillm/generate/programs.js';
import { loadParameters } from '#minillm/model/parameters.js';
import { openBest } from '../engine/devices.ts';
import { quantised } from '../engine/reference/quantise.ts';
import { CONTEXT, FIXTURE, firstBatch, largestDifference, VOCABULARY } from './fixture.ts';

const TOKEN_TABLE = 'transformer.wte.weight';
/** Activations are float32 here, so that rounding hides nothing. */
const SLACK = 1e-4;

type Model = Awaited<ReturnType<typeof openTiny>>;

/** The fixture with all its programs, reading copies in int8 or the parameters themselves. */
async function openTiny(copies: 'int8' | undefined) {
  const backend = await openBest({ threads: 2 });
  onTestFinished(() => backend.close());
  const folder = await openGpt2Folder(FIXTURE);
  const { config } = folder;
  const layout = layoutForInference(config);
  const types = { precision: 'fp32', copies } as const;
  const extents = { streams: 3, positions: CONTEXT, promptLength: CONTEXT, ...types };
  const session = new Session(backend, layout, {
    ...planGeneration(config, layout, backend, extents),
    losses: planLosses(config, layout, backend, { batch: 1, length: CONTEXT, ...types }),
    score: planScoring(config, layout, backend, { tokens: 64, top: 2, ...types }),
  });
  await loadParameters(session, folder);
  await folder.close();
  return { session, layout };
}

/** Puts quantised weights in the place of those that are multiplied. */
async function quantise({ session, layout }: Model, chosen: (name: string) => boolean): Promise<void> {
  for (const { name, shape } of layout.places.values()) {
    const [rows = 1, columns = 1] = shape;
    if (shape.length !== 2 || name === 'transformer.wpe.weight' || !chosen(name)) continue;
    const weight = new Float32Array(rows * columns);
    await session.read('parameters', name, weight);
    const transposed = name === TOKEN_TABLE;
    const numbers = quantised(new Float64Array(weight), transposed ? rows : columns, { transposed });
    await session.write('parameters', name, new Float32Array(numbers));
  }
}

/** Both with the same token table, which is looked up in as it is, and multiplied with quantised. */
async function openBoth(): Promise<{ int8: Model; expected: Model }> {
  const [int8, expected] = [await openTiny('int8'), await openTiny(undefined)];
  await quantise(int8, (name) => name === TOKEN_TABLE);
  await quantise(expected, () => true);
  return { int8, expected };
}

let row: Int32Array = new Int32Array();
beforeAll(async () => {
  row = (await firstBatch()).tokens[0] ?? row;
});

const positions = Int32Array.from({ length: CONTEXT }, (_, index) => index);

/** Logits after a prompt of all but three tokens, and after each of the three. */
async function generationLogits({ session }: Model): Promise<Float32Array[]> {
  await session.program('pack').refresh();
  const read = CONTEXT - 3;
  const logits = [new Float32Array(VOCABULARY)];
  const prompt = { tokens: row.slice(0, read), positions: positions.slice(0, read), slots: 1, rows: read - 1 };
  await session.program('prefill').run(prompt, { batch: 1, length: read, results: { logits: logits[0]! } });
  for (let position = read; position < CONTEXT; position++) {
    const found = new Float32Array(VOCABULARY);
    const inputs = { tokens: row[position]!, positions: position, slots: 1, rows: 0 };
    await session.program('decode').run(inputs, { batch: 1, results: { logits: found } });
    logits.push(found);
  }
  return logits;
}

test('prefill and decoding', async () => {
  const { int8, expected } = await openBoth();
  const [found, wanted] = [await generationLogits(int8), await generationLogits(expected)];
  for (const [step, logits] of wanted.entries()) expect(largestDifference(found[step]!, logits)).toBeLessThan(SLACK);
  const plain = await generationLogits(await openTiny(undefined));
  for (const [step, logits] of plain.entries()) expect(largestDifference(found[step]!, logits)).toBeGreaterThan(SLACK);
});

test('validation losses', async () => {
  const lossesOf = async ({ session }: Model): Promise<Float32Array> => {
    await session.program('pack').refresh();
    const losses = new Float32Array(CONTEXT);
    const targets = Int32Array.from(row, (_, position) => row[position + 1] ?? -1);
    await session.program('losses').run({ tokens: row, targets }, { results: { losses } });
    return losses;
  };
  const { int8, expected } = await openBoth();
  const found = await lossesOf(int8);
  expect(largestDifference(found, await lossesOf(expected))).toBeLessThan(SLACK);
  expect(largestDifference(found, await lossesOf(await openTiny(undefined)))).toBeGreaterThan(SLACK);
});

test('log-probabilities', async () => {
  const scoresOf = async ({ session }: Model): Promise<Float32Array> => {
    await session.program('pack').refresh();
    const scorer = new Scorer(session.program('score'), CONTEXT);
    const request = { context: row.slice(0, 5), continuations: [row.slice(5, 11), row.slice(11)] };
    for await (const [first, second] of scorer.score([request]))
      return Float32Array.of(...first!.values, ...first!.topValues, ...second!.values, ...second!.topValues);
    throw new Error('nothing was scored');
  };
  const { int8, expected } = await openBoth();
  const found = await scoresOf(int8);
  expect(largestDifference(found, await scoresOf(expected))).toBeLessThan(SLACK);
  expect(largestDifference(found, await scoresOf(await openTiny(undefined)))).toBeGreaterThan(SLACK);
});

test('copies follow changed parameters', async () => {
  const model = await openTiny('int8');
  const before = await generationLogits(model);
  await model.session.write('parameters', 'transformer.h.1.mlp.c_proj.weight', new Float32Array(128 * 32));
  const after = await generationLogits(model);
  for (const [step, logits] of before.entries()) expect(largestDifference(after[step]!, logits)).toBeGreaterThan(SLACK);
});
