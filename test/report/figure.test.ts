import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { drawPng, drawSvg } from '#minillm/report/figure/draw.js';
import { resultsFigure } from '#minillm/report/figure/figure.js';
import { PALETTES, type Theme } from '#minillm/report/figure/palette.js';
import type { RunCurves } from '#minillm/report/series/curves.js';
import { readRuns } from '#minillm/report/sources/read-run.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type SyntheticRun, writeSyntheticRun } from './synthetic-run.ts';

async function runsOf(...specs: readonly SyntheticRun[]): Promise<RunCurves[]> {
  const folders = specs.map((spec, index) => `run ${index}=${writeSyntheticRun(temporaryFolder(), spec)}`);
  return readRuns(folders, undefined);
}

function svgOf(runs: readonly RunCurves[], theme: Theme = 'light', references = true, title = 'A & B'): string {
  const figure = resultsFigure(runs, { title, theme, references });
  return drawSvg(figure.option, figure);
}

/** Curves of a colour with more than a few points. */
function curves(svg: string, colour: string): number {
  const paths = svg.match(/<path [^>]*>/g) ?? [];
  return paths.filter((path) => path.includes(`stroke="${colour}"`) && (path.match(/L| /g)?.length ?? 0) > 12).length;
}

describe('the figure of one run', () => {
  test('shows training and validation loss, HellaSwag, and what OpenAI reaches', async () => {
    const svg = svgOf(await runsOf({}));
    const [blue = '', orange = ''] = PALETTES.light.runs;
    // each step, and the course over it
    expect(curves(svg, blue)).toBe(2);
    // validation loss, HellaSwag
    expect(curves(svg, orange)).toBe(2);
    for (const text of ['A &amp; B', 'Loss', 'HellaSwag accuracy', 'OpenAI GPT-2 124M  3.2924', '0.2955', '0.337'])
      expect(svg).toContain(text);
    expect(svg).toMatch(/>training 3\.\d{3}</);
    expect(svg).toMatch(/>validation 3\.\d{3}</);
    expect((svg.match(/stroke-dasharray/g) ?? []).length).toBe(3);
  });

  test.each(['light', 'dark'] as const)('keeps grid lines off the names of references, %s', async (theme) => {
    const svg = svgOf(await runsOf({}), theme);
    const { background, grid, runs } = PALETTES[theme];
    const names = [...svg.matchAll(/translate\(([\d.]+) ([\d.]+)\)"[^>]*>OpenAI/g)];
    expect(names).toHaveLength(3);
    const covers = [...svg.matchAll(/<path d="M([\d.]+) ([\d.]+)[^>]*fill="([^"]+)"/g)];
    for (const [, x, y] of names) {
      const cover = covers.find(
        ([, left, top, fill]) =>
          fill === background &&
          Math.abs(Number(left) + 2 - Number(x)) < 1 &&
          Math.abs(Number(top) + 8 - Number(y)) < 1,
      );
      expect(cover?.index).toBeGreaterThan(svg.lastIndexOf(`stroke="${grid}"`));
      expect(cover?.index).toBeLessThan(svg.indexOf(`stroke="${runs[0]}"`));
    }
  });

  test('shows by an arrow at its edge where a line beyond the axis would be', async () => {
    const edges = async (scale: number) => {
      const svg = svgOf(await runsOf({ scale, steps: 3000 }));
      return [...svg.matchAll(/translate\([\d.]+ ([\d.]+)\)"[^>]*>(.) OpenAI GPT-2 124M {2}3\.2924/g)].map(
        ([, y, arrow]) => [arrow, Math.round(Number(y))],
      );
    };
    const [[down, bottom] = []] = await edges(3);
    const [[up, top] = []] = await edges(0.3);
    expect([down, up]).toEqual(['↓', '↑']);
    // the plot is 330 pixels high
    expect(Number(bottom) - Number(top)).toBe(330 - 10 - 11);
    expect(await edges(1)).toEqual([]);
  });

  test('counts steps and tokens below the axis', async () => {
    const svg = svgOf(await runsOf({ tokensPerStep: 524_288 }));
    for (const text of ['>step<', '>tokens<', '>200<', '>105 M<']) expect(svg).toContain(text);
  });

  test('has one panel when HellaSwag was not measured, and no lines when they are not wanted', async () => {
    const runs = await runsOf({ hellaswag: false });
    expect(svgOf(runs)).not.toContain('HellaSwag');
    const bare = svgOf(runs, 'light', false);
    expect(bare).not.toContain('OpenAI');
    expect(bare).not.toContain('stroke-dasharray');
  });

  test('says of how many examples HellaSwag is when it is a part, and when runs differ in that', async () => {
    const part = { hellaswagExamples: 503 };
    expect(svgOf(await runsOf(part))).toContain('>HellaSwag accuracy (503 examples)<');
    // one that measured none does not count
    expect(svgOf(await runsOf(part, part, { hellaswag: false }))).toContain('>HellaSwag accuracy (503 examples)<');
    expect(svgOf(await runsOf(part, {}))).toContain('>HellaSwag accuracy (not all of the same examples)<');
    expect(svgOf(await runsOf({}, {}))).toContain('>HellaSwag accuracy<');
  });

  test('marks the point of a run of one step', async () => {
    const svg = svgOf(await runsOf({ steps: 1, hellaswag: false }));
    expect(svg).toMatch(new RegExp(`<path [^>]*fill="${PALETTES.light.runs[0]}"`));
  });

  test('says that no loss is a number, and points nowhere then', async () => {
    const svg = svgOf(await runsOf({ scale: Number.NaN, hellaswag: false }));
    expect(svg).toContain('>No loss is a number<');
    expect(svg).not.toContain('OpenAI');
  });

  test('writes very large and very small losses with an exponent', async () => {
    const large = svgOf(await runsOf({ scale: 1e9 }));
    expect(large).toMatch(/>training 3\.\de9</);
    // of a tick
    expect(large).toMatch(/>\de9</);
    expect(svgOf(await runsOf({ scale: 1e-6 }))).toMatch(/>training 3\.\de-6</);
  });

  test('is dark on demand', async () => {
    const svg = svgOf(await runsOf({}), 'dark');
    expect(svg).toContain(`fill="${PALETTES.dark.background}"`);
    expect(svg).not.toContain(PALETTES.light.text);
  });
});

describe('the figure of several runs', () => {
  test('names each and draws it in its colour', async () => {
    const svg = svgOf(await runsOf({}, { scale: 0.9 }));
    for (const [index, colour] of PALETTES.light.runs.slice(0, 2).entries()) {
      expect(svg).toContain(`>run ${index}<`);
      expect(curves(svg, colour)).toBe(4);
    }
  });

  test('counts tokens where batches differ', async () => {
    const svg = svgOf(await runsOf({}, { tokensPerStep: 2048 }));
    expect(svg).toContain('>tokens<');
    expect(svg).not.toContain('>step<');
  });

  test('keeps the labels of curves that end early off each other', async () => {
    const svg = svgOf(await runsOf(...[100, 120, 140, 160, 180, 600].map((steps) => ({ steps }))));
    const labels = [...svg.matchAll(/translate\(([\d.]+) ([\d.]+)\)"[^>]*>\d\.\d{3}</g)].map(([, x, y]) => ({
      x: Number(x),
      y: Number(y),
    }));
    expect(labels).toHaveLength(12);
    const touching = labels.filter((one, index) =>
      labels.slice(0, index).some((other) => Math.abs(one.x - other.x) < 38 && Math.abs(one.y - other.y) < 15),
    );
    expect(touching).toEqual([]);
  });

  test('has room for long names and titles: what all share is left out, then the middle', async () => {
    const run = writeSyntheticRun(temporaryFolder(), { steps: 50 });
    const name = (rate: number) => `an-experiment-with-a-long-name-and-a-learning-rate-of-${rate}e-4=${run}`;
    const svg = svgOf(await readRuns([name(1), name(2)], undefined), 'light', true, `from ${'x'.repeat(200)} to`);
    for (const text of ['>…1e…<', '>…2e…<']) expect(svg).toContain(text);
    expect(svg).toMatch(/>from x{40,50}…x{40,50} to</);
  });

  test('distinguishes runs of the same colour by dashes', async () => {
    const runs = await runsOf(...Array.from({ length: 9 }, () => ({ steps: 100 })));
    const dashed = (svg: string): number => (svg.match(/stroke-dasharray="7,3"/g) ?? []).length;
    expect(dashed(svgOf(runs.slice(0, 8)))).toBe(0);
    // in the legend, training and validation loss, HellaSwag
    expect(dashed(svgOf(runs))).toBe(4);
  });

  test('holds ten runs, one that broke off at once among them', async () => {
    const svg = svgOf(await runsOf(...Array.from({ length: 9 }, () => ({})), { steps: 1 }));
    expect(svg).toContain('>run 9<');
    expect(svg).not.toContain('NaN');
  });
});

describe('the PNG', () => {
  test('is drawn although a short run is above all that the picture shows', async () => {
    const svg = svgOf(await runsOf({ steps: 3000 }, { steps: 10, hellaswag: false }));
    expect(readPng(drawPng(svg)).drawn).toBeGreaterThan(0.01);
  });

  test('is twice the size of the SVG and not blank', async () => {
    const runs = await runsOf({});
    const { width, height } = resultsFigure(runs, { title: '', theme: 'light', references: true });
    const image = readPng(drawPng(svgOf(runs)));
    expect([image.width, image.height]).toEqual([2 * width, 2 * height]);
    expect(image.drawn).toBeGreaterThan(0.01);
  });

  test('has text without any font of the system', () => {
    const svg = (content: string) =>
      `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40"><text x="5" y="25" font-family="Inter">${content}</text></svg>`;
    expect(readPng(drawPng(svg('training loss'))).drawn).toBeGreaterThan(readPng(drawPng(svg(''))).drawn + 0.005);
  });
});

/** Size of a PNG, and the share of its bytes in which a row differs from what its filter foretells: 0 of a blank one. */
function readPng(bytes: Uint8Array) {
  const png = Buffer.from(bytes);
  const data: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  const rows = inflateSync(Buffer.concat(data));
  const drawn = rows.filter((byte) => byte !== 0).length / rows.length;
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20), drawn };
}
