import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { comparedSource, mainSource } from '#minillm/app/server/models/model-source.js';
import { planSite, type SliderLength } from '#minillm/app/site/site-plan.js';
import { type SiteFile, writeSite } from '#minillm/app/site/write-site.js';
import type { Site, SiteWeights } from '#minillm/app/tab/site.js';
import { openGpt2Folder, writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { parseHeader, parseHeaderLength } from '#minillm/formats/safetensors-header.js';
import { SLICE_BYTES } from '#minillm/support/sliced-source.js';
import { fillDisk, smallDisk } from '../../support/small-disk.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { smallRun } from '../server/models/small-run.ts';
import { builtPage } from './built-page.ts';

const NEVER = new AbortController().signal;

interface Made {
  readonly folder: string;
  readonly run: string;
  readonly site: Site;
  readonly files: readonly SiteFile[];
  readonly progress: readonly (readonly [model: string, bytes: number, total: number])[];
}

interface Wanted {
  readonly weights?: SiteWeights;
  readonly compare?: string | false;
}

async function made({ weights = 'bf16', compare = 'untrained' }: Wanted) {
  const run = join(temporaryFolder(), 'tales');
  await smallRun(run, [2, 4]);
  const main = await mainSource(run, run);
  const compared = compare === false ? undefined : await comparedSource(main, compare, compare);
  const folder = join(temporaryFolder(), 'site');
  const progress: Made['progress'][number][] = [];
  const files = await writeSite(folder, await planSite({ main, compared, weights, slider: 'default' }), {
    ...{ version: '1.2.3', signal: NEVER, built: builtPage() },
    onProgress: (model, bytes, total) => progress.push([model, bytes, total]),
  });
  const site = JSON.parse(readFileSync(join(folder, 'site.json'), 'utf8')) as Site;
  return { folder, run, site, files, progress } satisfies Made;
}

/** The tensors of a file as they lie in it. */
function tensorsOf(path: string): Map<string, { dtype: string; shape: readonly number[]; bytes: Buffer }> {
  const file = readFileSync(path);
  const length = parseHeaderLength(file.subarray(0, 8), file.length, path);
  const entries = parseHeader(file.subarray(8, 8 + length), file.length, path);
  return new Map(
    [...entries].map(([name, { dtype, shape, offset, bytes }]) => [
      name,
      { dtype, shape, bytes: file.subarray(offset, offset + bytes) },
    ]),
  );
}

const floats = (bytes: Buffer): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer);

/** bfloat16 is the upper half of a float32. */
function widened(bytes: Buffer): Float32Array {
  const halves = new Uint16Array(Uint8Array.from(bytes).buffer);
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
}

test('a run becomes a site: its page, its models and what the page is told of them', async () => {
  const { folder, site, files } = await made({});
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual([
    'THIRD-PARTY.txt',
    'assets/engine-1.js',
    'assets/kernels-1.wasm',
    'assets/site-1.css',
    'assets/site-1.js',
    'assets/train-1.js',
    'icon.svg',
    'index.html',
    'isolation.js',
    'models/tales/config.json',
    'models/tales/model.safetensors',
    'models/tales/step-00000002/config.json',
    'models/tales/step-00000002/model.safetensors',
    'site.json',
    'train.html',
  ]);
  for (const { path, bytes } of files) expect(statSync(join(folder, path)).size).toBe(bytes);
  for (const page of ['index.html', 'train.html'])
    expect(readFileSync(join(folder, page), 'utf8')).toContain('<head><script src="isolation.js"></script>');
  expect(site).toMatchObject({
    version: '1.2.3',
    weights: 'bf16',
    main: { id: 'tales', file: { folder: 'models/tales' }, config: { layers: 1, channels: 16, vocabularySize: 50257 } },
    compared: { id: 'untrained', seed: 7 },
    steps: [
      { id: 'tales@0', step: 0, seed: 7, validationLoss: 10.9 },
      { id: 'tales@2', step: 2, file: { folder: 'models/tales/step-00000002' }, validationLoss: null },
      { id: 'tales@4', step: 4, file: { folder: 'models/tales' }, validationLoss: 9.5 },
    ],
  });
  expect(site.compared).not.toHaveProperty('file');
  expect(site.main.file?.bytes).toBe(statSync(join(folder, 'models/tales/model.safetensors')).size);
  expect(site.curve.length).toBeGreaterThan(100);
  expect(site.curve.length).toBeLessThanOrEqual(500);
});

test('bf16 weights are the nearest to those of the checkpoint', async () => {
  const { folder, run } = await made({});
  const original = tensorsOf(join(run, 'step-00000004/model.safetensors'));
  const converted = tensorsOf(join(folder, 'models/tales/model.safetensors'));
  expect([...converted.keys()]).toEqual([...original.keys()]);
  for (const [name, { dtype, shape, bytes }] of converted) {
    expect([dtype, shape]).toEqual(['BF16', original.get(name)?.shape]);
    const [exact, rounded] = [floats(original.get(name)?.bytes ?? Buffer.alloc(0)), widened(bytes)];
    // of 8 bits: half a unit in the last place of a number from 1 to 2 is 2^-8
    const isNear = exact.every((value, index) => {
      const half = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 8);
      return Math.abs(value - (rounded[index] ?? 0)) <= half;
    });
    expect([name, isNear, rounded.length]).toEqual([name, true, exact.length]);
  }
});

test('int8 weights are within half a scale, by rows of the embedding and by columns of all else', async () => {
  const { folder, run } = await made({ weights: 'int8' });
  const original = tensorsOf(join(run, 'step-00000004/model.safetensors'));
  const converted = tensorsOf(join(folder, 'models/tales/model.safetensors'));
  const types = Object.fromEntries(
    [...converted].map(([name, { dtype }]) => [name.replace('transformer.', ''), dtype]),
  );
  expect(types).toMatchObject({
    ...{ 'wte.weight': 'I8', 'wte.weight.scale': 'F32', 'wpe.weight': 'BF16', 'ln_f.weight': 'BF16' },
    ...{ 'h.0.attn.c_attn.weight': 'I8', 'h.0.attn.c_attn.weight.scale': 'F32', 'h.0.attn.c_attn.bias': 'BF16' },
  });
  for (const name of ['wte', 'h.0.attn.c_attn', 'h.0.mlp.c_proj'].map((short) => `transformer.${short}.weight`)) {
    const exact = floats(original.get(name)?.bytes ?? Buffer.alloc(0));
    const integers = new Int8Array(Uint8Array.from(converted.get(name)?.bytes ?? []).buffer);
    const scales = floats(converted.get(`${name}.scale`)?.bytes ?? Buffer.alloc(0));
    const [rows = 0, columns = 0] = original.get(name)?.shape ?? [];
    expect([integers.length, scales.length]).toEqual([rows * columns, name.includes('wte') ? rows : columns]);
    const largest = new Float32Array(scales.length);
    let worst = 0;
    for (const [index, value] of exact.entries()) {
      const channel = name.includes('wte') ? Math.floor(index / columns) : index % columns;
      largest[channel] = Math.max(largest[channel] ?? 0, Math.abs(value));
      worst = Math.max(worst, Math.abs(value / (scales[channel] ?? 0) - (integers[index] ?? 0)));
    }
    expect(scales).toEqual(largest.map((value) => value / 127));
    // the quotient is rounded to float32 before it is rounded to a whole number
    expect(worst).toBeLessThan(0.50001);
    const read = await openGpt2Folder(join(folder, 'models/tales'));
    onTestFinished(() => read.close());
    // from the second row on, so that channels are told from places
    const slice = new Float32Array(2 * columns);
    await read.readInto(name, columns, slice);
    const scaleAt = (index: number) =>
      scales[name.includes('wte') ? Math.floor(index / columns) : index % columns] ?? 0;
    expect(slice).toEqual(slice.map((_, index) => (integers[columns + index] ?? 0) * scaleAt(columns + index)));
  }
});

test('fp32 weights are those of the checkpoint', async () => {
  const { folder, run } = await made({ weights: 'fp32' });
  const [original, written] = [join(run, 'step-00000004'), join(folder, 'models/tales')].map((path) =>
    readFileSync(join(path, 'model.safetensors')),
  );
  expect(original && written?.equals(original)).toBe(true);
});

test('progress goes up to the bytes of all files of weights', async () => {
  const { site, progress } = await made({});
  const total = site.steps.reduce((sum, { file }) => sum + (file?.bytes ?? 0), 0);
  expect(progress.at(-1)?.slice(1)).toEqual([total, total]);
  expect(new Set(progress.map(([model]) => model))).toEqual(new Set(['tales', 'tales@2']));
});

test('the description has the hash of each slice of a file', async () => {
  const config = {
    layers: 1,
    heads: 2,
    channels: 64,
    contextLength: 32,
    vocabularySize: 50257,
    layerNormEpsilon: 1e-5,
  };
  const source = temporaryFolder();
  await writeGpt2Folder(source, config, (name, start, target) => void target.fill(name.length + start));
  const main = await mainSource(source, source);
  const folder = join(temporaryFolder(), 'site');
  const plan = await planSite({ main, compared: undefined, weights: 'fp32', slider: 0 });
  await writeSite(folder, plan, { version: '1', signal: NEVER, built: builtPage() });
  const { file } = (JSON.parse(readFileSync(join(folder, 'site.json'), 'utf8')) as Site).main;
  const bytes = readFileSync(join(folder, file?.folder ?? '', 'model.safetensors'));
  const hash = (part: Buffer): string => createHash('sha256').update(part).digest('hex');
  expect(bytes.length).toBeGreaterThan(SLICE_BYTES);
  expect(file?.sha256).toEqual([hash(bytes.subarray(0, SLICE_BYTES)), hash(bytes.subarray(SLICE_BYTES))]);
});

describe('the slider', () => {
  const planned = async (steps: readonly number[], slider: SliderLength) => {
    const run = join(temporaryFolder(), 'tales');
    await smallRun(run, steps);
    return planSite({ main: await mainSource(run, run), compared: undefined, weights: 'bf16', slider });
  };

  test.each<[SliderLength, number[]]>([
    [0, []],
    [1, [0, 64]],
    [3, [0, 1, 8, 64]],
    ['all', [0, 1, 2, 4, 8, 16, 32, 64]],
  ])('of %s has as many checkpoints, the main model among them', async (slider, expected) => {
    const { steps, files, available } = await planned([1, 2, 4, 8, 16, 32, 64], slider);
    expect(steps.map(({ step }) => step)).toEqual(expected);
    // initial weights are no file, and the main model is one without a slider too
    expect(files.size).toBe(Math.max(1, expected.length - 1));
    if (slider !== 0) expect(available).toBe(7);
  });

  test('has a dozen by default', async () => {
    const { files } = await planned(
      Array.from({ length: 14 }, (_, index) => index + 1),
      'default',
    );
    expect(files.size).toBe(12);
  });
});

test('a model beside it has a folder of its own, or that of its step', async () => {
  const other = join(temporaryFolder(), 'ta les');
  await smallRun(other, [9]);
  const { site, files } = await made({ compare: other });
  expect(site.compared).toMatchObject({ id: 'ta les', file: { folder: 'models/ta~20les' } });
  expect(files.map(({ path }) => path)).toContain('models/ta~20les/model.safetensors');
  // of no run, so the run's seed is not its own
  const preset = await made({ compare: 'untrained:tiny' });
  expect(preset.site.compared).toEqual({ id: 'untrained:tiny', config: expect.objectContaining({ channels: 64 }) });
  const alone = await made({ compare: false });
  expect(alone.site.compared).toBeNull();
});

test('a site that is stopped leaves nothing', async () => {
  const abort = new AbortController();
  const folder = temporaryFolder();
  const run = join(folder, 'tales');
  await smallRun(run, [2, 4]);
  const main = await mainSource(run, run);
  const plan = await planSite({ main, compared: undefined, weights: 'bf16', slider: 'all' });
  const writing = writeSite(join(folder, 'site'), plan, {
    ...{ version: '1', signal: abort.signal, built: builtPage() },
    onProgress: () => abort.abort(new Error('asked to stop')),
  });
  await expect(writing).rejects.toThrow('asked to stop');
  expect(readdirSync(folder)).toEqual(['tales']);
});

test('a disk without room is told before anything is written, and the old site stays', async (context) => {
  const disk = smallDisk(context, 16);
  const run = join(temporaryFolder(), 'tales');
  await smallRun(run, [2]);
  const main = await mainSource(run, run);
  const plan = await planSite({ main, compared: undefined, weights: 'bf16', slider: 0 });
  const folder = join(disk, 'site');
  const write = () => writeSite(folder, plan, { version: '1', signal: NEVER, built: builtPage() });
  await write();
  const empty = fillDisk(disk, 4_000_000);
  await expect(write()).rejects.toThrow(
    /site: the site needs 11\.6 MB, [34]\.\d\d MB are free; make room, or ask for less with --slider or --weights int8$/,
  );
  expect(statSync(join(folder, 'models/tales/model.safetensors')).size).toBeGreaterThan(1_600_000);
  empty();
  await write();
});
