/** The models of a run, by their names in the API. */

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { MAX_OPEN_CHECKPOINTS } from '#minillm/app/server/completions/limits.js';
import type { ModelPool } from '#minillm/app/server/models/model-pool.js';
import { modelRoutes } from '#minillm/app/server/models/model-routes.js';
import { comparedSource, mainSource } from '#minillm/app/server/models/model-source.js';
import type { InferencePrecision } from '#minillm/model/inference-precision.js';
import { openPool } from './pools.ts';
import { smallRun } from './small-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'minillm-test-'));
const RUN = join(folder, 'book');
const STEPS = [2, 4, 6];
beforeAll(() => smallRun(RUN, STEPS));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function pool(compare?: string, precision?: InferencePrecision): Promise<ModelPool> {
  const opened = await openPool(RUN, compare, precision);
  onTestFinished(() => opened.close());
  return opened;
}

/** What a model makes of a text: the same for the same weights. */
async function scores(models: ModelPool, id: string): Promise<number[]> {
  const source = await models.find(id);
  if (!source) throw new Error(`no model ${id}`);
  const { model, release } = await models.lease(source);
  for await (const [first] of model.scorer.score([{ context: [464], continuations: [[21831, 4966]] }])) {
    release();
    return Array.from(first?.values ?? []);
  }
  throw new Error('nothing was scored');
}

test('a model in int8 scores nearly as in bf16, from its first request on', async () => {
  const [exact, rounded] = [
    await scores(await pool(undefined, 'bf16'), 'book'),
    await scores(await pool(undefined, 'int8'), 'book'),
  ];
  expect(rounded).not.toEqual(exact);
  for (const [index, score] of exact.entries()) expect(rounded[index]).toBeCloseTo(score, 1);
});

describe('names', () => {
  test('a run is called by its folder, its newest step is the main model, its checkpoints NAME@STEP', async () => {
    const models = await pool('untrained');
    expect((await models.list()).map(({ id }) => id)).toEqual([
      'book',
      'untrained',
      'book@0',
      'book@2',
      'book@4',
      'book@6',
    ]);
    expect(await scores(models, 'book')).toEqual(await scores(models, 'book@6'));
    expect(await scores(models, 'book')).not.toEqual(await scores(models, 'book@2'));
    expect(await models.find('book@3')).toBe(undefined);
    expect(await models.find('../book@2')).toBe(undefined);
  });

  test('untrained weights are made from the seed of the run', async () => {
    const models = await pool('untrained');
    expect(await scores(models, 'untrained')).toEqual(await scores(models, 'book@0'));
    const other = join(folder, 'other');
    await smallRun(other, [1], { seed: 8 });
    const others = await openPool(other, 'untrained');
    onTestFinished(() => others.close());
    expect(await scores(others, 'untrained')).not.toEqual(await scores(models, 'untrained'));
  });

  test('a run that began with the weights of another has no untrained checkpoint', async () => {
    const tuned = join(folder, 'tuned');
    await smallRun(tuned, [1], { configuration: { init: 'hf:owner/name' } });
    const models = await openPool(tuned);
    onTestFinished(() => models.close());
    expect((await models.list()).map(({ id }) => id)).toEqual(['tuned', 'tuned@1']);
  });

  test('a step folder is served under the name of its run, beside another step of it', async () => {
    const main = await mainSource('', join(RUN, 'step-00000006'));
    expect(main.id).toBe('book');
    expect((await comparedSource(main, '', join(RUN, 'step-00000002'))).id).toBe('book@2');
  });

  test('two models of one name are refused', async () => {
    const twin = join(folder, 'twin', 'book');
    cpSync(RUN, twin, { recursive: true });
    const main = await mainSource(RUN, RUN);
    await expect(comparedSource(main, twin, twin)).rejects.toThrow(/both models would be called book; .*--model-name/);
    expect((await comparedSource(await mainSource(RUN, RUN, 'mine'), twin, twin)).id).toBe('book');
  });
});

describe('checkpoints in memory', () => {
  test('the one used longest ago makes room, but not while it is in use', async () => {
    const models = await pool();
    const [zero, two, four] = await Promise.all(['book@0', 'book@2', 'book@4'].map((id) => models.find(id)));
    const held = await Promise.all([zero, two].map((source) => models.lease(source!)));
    expect(held).toHaveLength(MAX_OPEN_CHECKPOINTS);
    await expect(models.lease(four!)).rejects.toMatchObject({ status: 503 });
    held[0]?.release();
    const { release } = await models.lease(four!);
    expect(models.models).toHaveLength(1 + MAX_OPEN_CHECKPOINTS);
    held[1]?.release();
    const again = await models.lease(zero!);
    expect(again.model).not.toBe(held[0]?.model);
    release();
    again.release();
  });

  test('one that cannot be read is asked for anew the next time', async () => {
    const models = await pool();
    const source = await models.find('book@2');
    let isThere = false;
    const shy = { ...source!, open: () => (isThere ? source!.open() : Promise.reject(new Error('gone'))) };
    await expect(models.lease(shy)).rejects.toThrow('gone');
    isThere = true;
    (await models.lease(shy)).release();
  });
});

test('the page is told of checkpoints, their losses and the curve', async () => {
  const models = await pool('untrained');
  const data = (await (await modelRoutes(models).request('/app/models.json')).json()) as Record<string, unknown>;
  expect(data).toMatchObject({
    ...{ main: 'book', compared: 'untrained', precision: 'fp32', hasRun: true },
    limits: { contextLength: 32, maxTokens: 31, maxLogprobs: 20 },
    uniformLoss: Math.log(50257),
  });
  expect(data.steps).toEqual([
    { step: 0, id: 'book@0', validationLoss: 10.9 },
    { step: 2, id: 'book@2', validationLoss: null },
    { step: 4, id: 'book@4', validationLoss: 9.5 },
    { step: 6, id: 'book@6', validationLoss: null },
  ]);
  const curve = data.curve as { step: number; loss: number }[];
  expect(curve.length).toBeLessThanOrEqual(500);
  expect(curve.at(-1)?.step).toBe(1199);
  for (const { loss } of curve) expect(loss).toBeGreaterThan(0);
});
