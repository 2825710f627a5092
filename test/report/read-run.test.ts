import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { lastMeasured, type RunCurves } from '#minillm/report/series/curves.js';
import { readRuns } from '#minillm/report/sources/read-run.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeSyntheticRun } from './synthetic-run.ts';

async function readOne(given: string): Promise<RunCurves> {
  const [run] = await readRuns([given], undefined);
  if (!run) throw new Error('no run was read');
  return run;
}

/** Reads what a file of this name and content is taken for. */
function readFileOf(content: string | Uint8Array, name = 'run.log'): Promise<RunCurves> {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return readOne(path);
}

test('runs of the same name get different names, whatever names others have', async () => {
  const run = writeSyntheticRun(temporaryFolder(), { steps: 1 });
  const runs = await readRuns([`a (3)=${run}`, `a=${run}`, `a=${run}`, `a=${run}`], undefined);
  expect(runs.map(({ name }) => name)).toEqual(['a (3)', 'a', 'a (2)', 'a (4)']);
});

describe('a run folder', () => {
  test('gives every series, samples, tokens a step, and how it was made', async () => {
    const run = await readOne(
      writeSyntheticRun(join(temporaryFolder(), 'book'), { planned: 600, tokensPerStep: 2048 }),
    );
    expect(run.name).toBe('book');
    expect(run.series.loss.steps).toHaveLength(600);
    expect(run.series.validationLoss.steps).toEqual(Array.from({ length: 13 }, (_, index) => 50 * index));
    expect(run.series.hellaswag.values[0]).toBe(0.25);
    expect(run.samples).toHaveLength(13);
    expect(run.tokensPerStep).toBe(2048);
    expect(run.facts).toMatchObject({ versions: { device: 'A Processor, 2 threads' }, parameters: 3_424_704 });
  });

  test('keeps a loss that is no number as a gap', async () => {
    const { series } = await readOne(writeSyntheticRun(temporaryFolder()));
    expect(series.loss.values[123]).toBeNaN();
    expect(series.loss.values[124]).toBeGreaterThan(3);
  });

  test('of a killed run is read up to its torn last line', async () => {
    const folder = writeSyntheticRun(temporaryFolder());
    appendFileSync(join(folder, 'metrics.jsonl'), '{"kind":"train","step":600,"lo');
    expect((await readOne(folder)).series.loss.steps.at(-1)).toBe(599);
  });

  test('may be named by its metrics file', async () => {
    const folder = writeSyntheticRun(join(temporaryFolder(), 'named'));
    expect((await readOne(join(folder, 'metrics.jsonl'))).name).toBe('named');
  });

  test('without metrics, or without any yet, is reported', async () => {
    const folder = temporaryFolder();
    await expect(readOne(folder)).rejects.toThrow(
      'expected a run folder with metrics.jsonl, or a log of build-nanogpt or llm.c, found neither',
    );
    writeFileSync(join(folder, 'metrics.jsonl'), '');
    await expect(readOne(folder)).rejects.toThrow('expected measurements, found none yet');
  });
});

describe('a log of build-nanogpt', () => {
  const LOG = '0 val 10.9511\n0 hella 0.2463\n0 train 10.955029\n1 train 10.902710\n2 train nan\n250 val 6.1\n';

  test('gives training loss, validation loss and HellaSwag', async () => {
    const { series } = await readFileOf(LOG);
    expect(series.loss).toEqual({ steps: [0, 1, 2], values: [10.955029, 10.90271, Number.NaN] });
    expect(series.validationLoss).toEqual({ steps: [0, 250], values: [10.9511, 6.1] });
    expect(series.hellaswag).toEqual({ steps: [0], values: [0.2463] });
  });

  test('that was killed while it wrote a number loses that line', async () => {
    const { series } = await readFileOf(`${LOG}3 train 1`);
    expect(series.loss.steps).toEqual([0, 1, 2]);
  });

  test('of a run that went back to a checkpoint counts what came after', async () => {
    const { series } = await readFileOf('0 train 9\n1 train 8\n2 train 7\n1 train 6\n');
    expect(series.loss).toEqual({ steps: [0, 1], values: [9, 6] });
  });

  test('is named after its folder', async () => {
    const folder = join(temporaryFolder(), 'build-nanogpt', 'log');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'log.txt'), LOG);
    expect((await readOne(join(folder, 'log.txt'))).name).toBe('build-nanogpt');
  });

  test('is found in its folder and in that of the program, unless there are two', async () => {
    const project = join(temporaryFolder(), 'build-nanogpt');
    const folder = join(project, 'log');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'log.txt'), LOG);
    writeFileSync(join(folder, 'model_00250.pt'), '');
    for (const given of [project, folder])
      expect(await readOne(given)).toMatchObject({ name: 'build-nanogpt', path: join(folder, 'log.txt') });
    writeFileSync(join(folder, 'main.txt'), LOG);
    await expect(readOne(project)).rejects.toThrow(
      `build-nanogpt: expected the log of one run, found ${join('log', 'log.txt')}, ${join('log', 'main.txt')}; give those`,
    );
  });

  test('with another line in it is refused by line', async () => {
    await expect(readFileOf('0 train 9\nTraceback\n')).rejects.toThrow(
      /run\.log: line 2: expected "STEP train\|val\|hella NUMBER", found "Traceback"/,
    );
  });
});

test.each([
  ['one line without an end', 's:0 tel:1'.padEnd(70_000, ' '), /line 1: expected at most 65536 bytes, found 70000/],
  ['millions of empty lines', `s:0 tel:1\n${'\n'.repeat(4_000_000)}`, /expected at most 4000000 lines, found more/],
])('a log of %s is refused, compressed too', async (_what, text, message) => {
  await expect(readFileOf(text)).rejects.toThrow(message);
  const path = join(temporaryFolder(), 'run.log.gz');
  writeFileSync(path, gzipSync(text));
  await expect(readOne(path)).rejects.toThrow(message);
});

describe('a log of llm.c', () => {
  test('is found in the folder given to llm.c', async () => {
    const folder = join(temporaryFolder(), 'log124M');
    mkdirSync(folder);
    writeFileSync(join(folder, 'main.log'), 's:0 tel:11.0092\n');
    expect(await readOne(folder)).toMatchObject({ name: 'log124M', path: join(folder, 'main.log') });
  });

  test('may name fields as every object does', async () => {
    const { series } = await readFileOf('s:1 constructor:5 __proto__:5 trl:3.0\n');
    expect(series.loss).toEqual({ steps: [1], values: [3] });
  });

  test('gives losses, HellaSwag, learning rate and norm', async () => {
    const { series } = await readFileOf(
      's:0 tel:11.0092\ns:0 eval:0.2464\ns:0 trl:11.0091 lr:0.000001 norm:15.37\ns:1 trl:10.9 lr:0.000002 norm:-nan\ns:2 tr',
    );
    expect(series.validationLoss.values).toEqual([11.0092]);
    expect(series.hellaswag.values).toEqual([0.2464]);
    expect(series.loss.values).toEqual([11.0091, 10.9]);
    expect(series.learningRate.values).toEqual([1e-6, 2e-6]);
    expect(series.gradientNorm.values).toEqual([15.37, Number.NaN]);
  });
});

describe('a table', () => {
  const TSV =
    'step\ttrain_loss\tlr\tval_loss\thellaswag_acc_norm\tnote\n0\t10.9\t1e-6\t10.95\t0.2486\tx\n1\t10.8\t2e-6\t\t\t\n';

  test('gives what its header names; empty fields were not measured', async () => {
    const { series } = await readFileOf(TSV, 'published.tsv');
    expect(series.loss.values).toEqual([10.9, 10.8]);
    expect(series.validationLoss).toEqual({ steps: [0], values: [10.95] });
    expect(series.hellaswag.values).toEqual([0.2486]);
    expect(series.learningRate.values).toEqual([1e-6, 2e-6]);
  });

  test('may be compressed, comma-separated, quoted, with Windows line ends', async () => {
    const run = await readFileOf(gzipSync('"Step","Train Loss"\r\n"0","9.5"\r\n"10","8.25"\r\n'), 'a.csv.gz');
    expect(run.series.loss).toEqual({ steps: [0, 10], values: [9.5, 8.25] });
    expect(run.name).toBe('a');
  });

  test('whose last row is cut short is read up to there; a short row elsewhere is named', async () => {
    expect((await readFileOf(`${TSV}2\t10.`)).series.loss.steps).toEqual([0, 1]);
    await expect(readFileOf(`${TSV}2\t10.\n${TSV.split('\n')[1]}`)).rejects.toThrow(
      'line 4: expected 6 fields as in the header, found 2',
    );
  });

  test('with something else than numbers is refused by line', async () => {
    await expect(readFileOf('step,loss\n0,high\n')).rejects.toThrow('line 2: expected a number, found "high"');
    await expect(readFileOf('step,loss\n-1,3\n')).rejects.toThrow('line 2: expected a step');
  });
});

describe('what is no run', () => {
  test.each([
    ['another text', 'To be, or not to be\n', 'found "To be, or not to be"'],
    ['a binary file', Uint8Array.from([0, 1, 2, 254, 10]), 'found "???'],
    ['an empty file', '', 'found an empty file'],
    ['a table that measures nothing', 'step,colour\n0,red\n', 'found "step,colour"'],
    ['a damaged archive', Uint8Array.from([0x1f, 0x8b, 8, 0, 1]), 'could not be decompressed'],
  ])('%s is refused, saying what is read', async (_, content, found) => {
    await expect(readFileOf(content)).rejects.toThrow(found);
  });

  test('nothing there', async () => {
    await expect(readOne('/nowhere/at/all')).rejects.toThrow(/expected a run folder, a log .*; found nothing there/);
  });
});

describe('names', () => {
  test('are given as NAME=PATH, and no two are the same', async () => {
    const folder = writeSyntheticRun(join(temporaryFolder(), 'run'));
    const runs = await readRuns([`ours, wide=${folder}`, folder, folder], 99);
    expect(runs.map(({ name }) => name)).toEqual(['ours, wide', 'run', 'run (2)']);
    // what a run says itself is not overruled
    expect(runs[0]?.tokensPerStep).toBe(1024);
  });

  test('an equals sign in a path that exists belongs to the path', async () => {
    const folder = writeSyntheticRun(join(temporaryFolder(), 'lr=3e-4'));
    expect((await readOne(folder)).name).toBe('lr=3e-4');
  });
});

const PUBLISHED = '../shared/data/reference-curves/agndm_baseline_fineweb-edu.tsv.gz';
test.skipIf(!existsSync(PUBLISHED))(`${basename(PUBLISHED)} is read whole`, async () => {
  const { series } = await readOne(PUBLISHED);
  expect(series.loss.steps).toHaveLength(19_073);
  expect(lastMeasured(series.validationLoss)).toEqual({ step: 19_072, value: 3.0663 });
  expect(lastMeasured(series.hellaswag)?.value).toBeCloseTo(0.3058, 4);
});
