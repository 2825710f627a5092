import { describe, expect, test } from 'vitest';
import { drawCurve } from '#minillm/cli/terminal/braille-curve.js';
import { cutText, textWidth } from '#minillm/cli/terminal/text-width.js';
import { COLOURED, COLOURLESS, panelLines } from '#minillm/cli/train/panel.js';
import { LiveState } from '#minillm/cli/train/panel-state.js';
import type { TrainerEvent } from '#minillm/train/events.js';
import type { Settings } from '#minillm/train/settings.js';
import { trained } from '../../runs/trained.ts';

const start = (step: number): TrainerEvent => ({
  ...{
    kind: 'start',
    settings: { steps: 1000 } as Settings,
    device: '',
    ranks: 1,
    parameters: 1,
    microSteps: 1,
    bytes: 1,
  },
  ...{ windowsPerEpoch: 1, trainTokens: 1, peak: 1, step, resumedFrom: undefined, passedOver: [] },
});

/** A run of 1,000 steps after the first 200 of them. */
function state(): LiveState {
  const live = new LiveState();
  live.take(start(0), undefined);
  for (let step = 0; step < 200; step++) live.take({ ...trained(step), loss: 3 + 8 * 0.97 ** step }, 125);
  const hellaswag = { accuracy: 0.28, accuracyNorm: 0.2955, correct: 1, correctNorm: 1, total: 1 };
  live.take({ kind: 'eval', step: 200, validationLoss: 3.25, hellaswag }, undefined);
  live.take(
    { kind: 'sample', step: 200, text: `Hello, I'm a\nlanguage model, ${'日本語 and more '.repeat(20)}` },
    undefined,
  );
  return live;
}

test('a wide panel shows every figure beside the curve', () => {
  const panel = panelLines(state(), { columns: 100, rows: 30 }, COLOURLESS);
  const text = panel.join('\n');
  for (const figure of [/^── loss 3\.0186 ─+$/m, /step +200 of 1,000/, /━+─+ 20%/, /left +2 m 05 s/, /tok\/s +1,000/])
    expect(text).toMatch(figure);
  for (const figure of [/MFU +40\.0%/, /norm +1\.0000/, /validation +3\.2500/, /HellaSwag +0\.2955/])
    expect(text).toMatch(figure);
  expect(panel.at(-1)).toMatch(/^sample at 200: Hello, I'm a language model, 日本語.*…$/);
  expect(text).toMatch(/[\u2801-\u28ff]{10}/);
});

test('a task beside training is shown until it is done', () => {
  const live = state();
  live.take({ kind: 'progress', step: 200, task: 'validation', done: 1, total: 4 }, undefined);
  const size = { columns: 80, rows: 24 };
  expect(panelLines(live, size, COLOURLESS)[0]).toMatch(/ validation 25% ──$/);
  live.take({ kind: 'progress', step: 200, task: 'validation', done: 2, total: 4 }, 130);
  expect(panelLines(live, size, COLOURLESS)[0]).toMatch(/ validation 50%, 2 m 10 s left ──$/);
  live.take(trained(200), 1);
  expect(panelLines(live, size, COLOURLESS)[0]).toMatch(/─$/);
});

test('a resumed run shows what was measured before', () => {
  const live = new LiveState();
  live.recall([trained(0), trained(1), { kind: 'eval', step: 2, validationLoss: 4.5 }]);
  live.take(start(2), undefined);
  const text = panelLines(live, { columns: 80, rows: 24 }, COLOURLESS).join('\n');
  expect(text).toMatch(/loss –/);
  expect(text).toMatch(/step +2 of 1,000/);
  expect(text).toMatch(/validation +4\.5000/);
  expect(text).toMatch(/10\.00 ┤[\u2801-\u28ff]/);
});

describe('whatever the terminal, no line is as wide and there are rows left for the steps', () => {
  const evaluating = state();
  evaluating.take({ kind: 'progress', step: 200, task: 'hellaswag', done: 1, total: 4 }, 7530);
  const runs = { 'nothing yet': new LiveState(), 'a run': state(), 'an evaluation': evaluating };
  for (const [name, live] of Object.entries(runs))
    for (const columns of [1, 19, 20, 35, 36, 50, 63, 64, 80, 133, 300])
      test(`${name}, ${columns} columns`, () => {
        for (const rows of [1, 3, 4, 13, 14, 16, 24, 60]) {
          const panel = panelLines(live, { columns, rows }, COLOURED);
          expect(panel.length).toBeLessThanOrEqual(Math.max(0, rows - 3));
          for (const line of panel) expect(textWidth(line)).toBeLessThan(columns);
        }
      });
});

test('only the coloured panel has colours', () => {
  const size = { columns: 100, rows: 30 };
  const coloured = panelLines(state(), size, COLOURED).join('\n');
  const plain = panelLines(state(), size, COLOURLESS).join('\n');
  expect(coloured).toContain('\x1b[36m');
  expect(plain).not.toContain('\x1b');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
  expect(coloured.replace(/\x1b\[\d+m/g, '')).toBe(plain);
});

describe('a curve', () => {
  const size = { columns: 10, rows: 3 };

  test('falls from the upper left to the lower right without gaps', () => {
    const points = Array.from({ length: 20 }, (_, step) => ({ step, value: 19 - step }));
    const { rows, top, bottom } = drawCurve(points, [], size);
    expect(rows).toEqual(['⠑⠢⢄⡀      ', '   ⠈⠒⠤⡀   ', '      ⠈⠑⠢⢄']);
    expect(top).toBeGreaterThan(bottom);
    expect(bottom).toBe(0);
  });

  test('marks what was measured beside it', () => {
    const points = [0, 1, 2, 3].map((step) => ({ step, value: 3 }));
    const { rows } = drawCurve(points, [{ step: 3, value: 3 }], size);
    expect(rows.join('')).toMatch(/◆ *$/);
  });

  test('passes over what is no number, and draws nothing of nothing', () => {
    const { rows, top } = drawCurve([{ step: 0, value: Number.NaN }], [], size);
    expect(rows.join('').trim()).toBe('');
    expect(Number.isFinite(top)).toBe(true);
  });
});

test('text is cut to columns, wide characters counted twice, control characters made harmless', () => {
  expect(cutText('one two', 7)).toBe('one two');
  expect(cutText('one two', 6)).toBe('one t…');
  expect(cutText('日本語', 5)).toBe('日本…');
  expect(cutText('a\n\x1b[31mb\tc', 20)).toBe('a [31mb c');
  expect(cutText('abc', 0)).toBe('');
  expect(textWidth('\x1b[2mab\x1b[22m日')).toBe(4);
});
