/** @file What the charts of the page show, and how they are labelled, apart from their drawing. */

import { describe, expect, test } from 'vitest';
import { PALETTES } from '#minillm/report/figure/palette.js';
import type { Path } from '#minillm/report/figure/reference-label.js';
import type { PageData } from '#minillm/report/page-data.js';
import { horizontalTicks } from '../../src/report/page/horizontal-ticks.ts';
import { referenceLine } from '../../src/report/page/reference-line.ts';
import { verticalRange } from '../../src/report/page/vertical-range.ts';
import { extent, nearestValue, points, shownExtent, type View } from '../../src/report/page/view.ts';

const run = {
  ...{ name: 'run', shortName: 'run', tokensPerStep: 524_288, lastStep: 20_000, prompt: '', samples: [] },
  // half a second a step
  times: { xs: [0, 20_000], ys: [0, 10_000] },
};
const data: PageData = {
  runs: [run, { ...run, lastStep: 300, times: { xs: [0, 300], ys: [0, 600] } }],
  charts: [],
};
const view: View = { unit: 'steps', scale: 'linear', start: 0, end: 100, hidden: new Set() };

describe('the part that is shown', () => {
  test('is the last half of the steps on a logarithmic axis too', () => {
    expect(extent(data, { ...view, scale: 'log' })).toEqual([1, 20_000]);
    expect(shownExtent(data, { ...view, start: 50 })[0]).toBe(10_000);
    expect(shownExtent(data, { ...view, start: 50, scale: 'log' })[0]).toBe(10_000.5);
  });
});

describe('an axis of time', () => {
  test('ends with the run that took longest, and begins with the shortest first step on a logarithmic scale', () => {
    expect(extent(data, { ...view, unit: 'time' })).toEqual([0, 10_000]);
    expect(extent(data, { ...view, unit: 'time', scale: 'log' })).toEqual([0.5, 10_000]);
  });

  test('has the points of each run when it trained them', () => {
    const steps = [0, 100, 300];
    const placesOf = (of: number) =>
      points({ run: of, role: 'course', steps, values: [3, 2, 1] }, data, { ...view, unit: 'time' }).map(([x]) => x);
    expect([placesOf(0), placesOf(1)]).toEqual([
      [0, 50, 150],
      [0, 200, 600],
    ]);
  });
});

describe('the value under the pointer', () => {
  const curve = { run: 1, role: 'course', steps: [10, 20, 30], values: [3, 2, 1] } as const;
  const at = (step: number) => nearestValue(curve, step, data, view);

  test('is that of the nearest step', () => {
    expect([10, 14, 16, 30].map(at)).toEqual([3, 3, 2, 1]);
  });

  test('is none before the curve and after it, but for the evaluation after its last step', () => {
    expect([0, 8, 31, 32, 20_000].map(at)).toEqual([null, null, 1, null, null]);
  });

  test('is found by tokens and by time', () => {
    const by = (unit: View['unit'], place: number) => nearestValue(curve, place, data, { ...view, unit });
    expect([by('tokens', 20 * 524_288), by('time', 40), by('time', 61), by('time', 70), by('time', 5000)]).toEqual([
      ...[2, 2, 1],
      ...[null, null],
    ]);
  });
});

describe('the ticks below a chart', () => {
  const labels = (part: Partial<View>): string[] => {
    const shown = { ...view, ...part };
    const { values, format } = horizontalTicks(shownExtent(data, shown), shown);
    return values.map(format);
  };

  test('are round numbers from one end to the other', () => {
    expect(labels({})).toEqual(['0', '5,000', '10,000', '15,000', '20,000']);
    expect(labels({ scale: 'log' })).toEqual(['1', '10', '100', '1,000', '10,000']);
    expect(labels({ scale: 'log', start: 50 })).toEqual(['12,000', '14,000', '16,000', '18,000', '20,000']);
  });

  test.each([0, 50, 90, 99, 99.9])('differ, from %d per cent on', (start) => {
    for (const unit of ['steps', 'tokens', 'time'] as const)
      for (const scale of ['linear', 'log'] as const) {
        const shown = labels({ unit, scale, start });
        expect(shown.length).toBeGreaterThan(2);
        expect(new Set(shown).size).toBe(shown.length);
      }
  });

  test('count tokens as exactly as they lie apart', () => {
    expect(labels({ unit: 'tokens', start: 90 })).toEqual(['9.5 B', '9.75 B', '10 B', '10.25 B']);
  });

  test('are round durations', () => {
    expect(labels({ unit: 'time' })).toEqual(['0', '30 m', '1 h', '1 h 30 m', '2 h', '2 h 30 m']);
    expect(labels({ unit: 'time', scale: 'log' })).toEqual(['1 s', '10 s', '1 m', '10 m', '1 h']);
  });

  test('have no half steps', () => {
    const { values } = horizontalTicks([0, 12], view);
    expect(values).toEqual([0, 3, 6, 9, 12]);
  });
});

describe('the vertical axis', () => {
  const curve = { run: 0, role: 'validation', steps: [0, 100, 10_500, 20_000], values: [11, 6, 3.2, 3] } as const;
  const chart = { title: 'Loss', format: 'fixed', range: 'falling', references: [], curves: [curve] } as const;

  test('of a part fits the values in it, whichever the scale', () => {
    for (const scale of ['linear', 'log'] as const)
      expect(verticalRange(chart, data, { ...view, scale, start: 50 })).toMatchObject({ min: 3, max: 3.2 });
  });

  test('stays when no run is switched on', () => {
    const hidden = new Set([0, 1]);
    expect(verticalRange(chart, data, { ...view, hidden })).toEqual(verticalRange(chart, data, view));
  });
});

describe("a reference's name", () => {
  const line = { name: 'OpenAI GPT-2 124M', value: 3 };
  const range = { min: 2, max: 4, interval: 1 };
  /** @param paths in a plot of 600 by 200 pixels, whose middle is the line */
  const position = (paths: readonly Path[], value = line.value): unknown => {
    const plot = { left: 0, top: 0, width: 600, height: 200, paths };
    const { markLine } = referenceLine({ ...line, value }, range, plot, 'right', PALETTES.light);
    return markLine?.label?.position;
  };

  test('stands at its end, above or below, at its start or in the middle: where no curve is', () => {
    const below: Path = [
      [0, 110],
      [600, 110],
    ];
    const above: Path = [
      [0, 90],
      [600, 90],
    ];
    const throughTheEnd: Path = [
      [500, 0],
      [600, 200],
    ];
    const throughTheMiddle: Path = [
      [250, 0],
      [350, 200],
    ];
    const cases = [[below], [above], [throughTheEnd], [throughTheEnd, throughTheMiddle]];
    expect(cases.map((paths) => position(paths))).toEqual([
      'insideEndTop',
      'insideEndBottom',
      'insideMiddleTop',
      'insideStartTop',
    ]);
  });

  test('stays inside the chart when its line is beyond', () => {
    expect([position([], 1), position([], 9)]).toEqual(['insideEndTop', 'insideEndBottom']);
  });
});
