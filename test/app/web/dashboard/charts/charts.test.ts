import { expect, test } from 'vitest';
import { horizontalAxis } from '../../../../../src/app/web/dashboard/charts/axis.ts';
import { alignedData, isolatedIndices, valueRange } from '../../../../../src/app/web/dashboard/charts/chart-data.ts';
import { afterSteepStart, chartOptions } from '../../../../../src/app/web/dashboard/charts/chart-options.ts';
import { lossCurves } from '../../../../../src/app/web/dashboard/charts/curves.ts';
import { legendEntries } from '../../../../../src/app/web/dashboard/charts/legend.tsx';
import { smooth } from '../../../../../src/app/web/dashboard/charts/smoothing.ts';
import { numberTick, percentTick } from '../../../../../src/app/web/dashboard/charts/tick-labels.ts';
import { afterUpdate, emptyRun } from '../../../../../src/app/web/dashboard/run-state.ts';
import { trainColumns } from '../train-columns.ts';

test('smoothing is the mean weighted towards the newest, without a bias to the start', () => {
  const steps = Array.from({ length: 200 }, (_, step) => step);
  const constant = steps.map(() => 3);
  for (const value of smooth(steps, constant, 0.9)) expect(value).toBeCloseTo(3, 12);
  const values = steps.map((step) => (step < 100 ? 0 : 1));
  const smoothed = smooth(steps, values, 0.9);
  expect(smoothed[99]).toBe(0);
  expect(smoothed[109]).toBeCloseTo(1 - 0.9 ** 10, 4);
  expect(smooth(steps, values, 0)).toBe(values);
  expect(smooth([0, 1, 2], [1, null, 3], 0.9)).toEqual([1, null, 3]);
});

test('means of several steps are smoothed as the steps themselves are', () => {
  const steps = Array.from({ length: 1000 }, (_, step) => step);
  const values = steps.map((step) => (step < 500 ? 0 : 1));
  const isLast = (step: number): boolean => step % 4 === 3;
  const thinned = smooth(
    steps.filter(isLast),
    values.filter((_, step) => isLast(step)),
    0.9,
  );
  const smoothed = smooth(steps, values, 0.9).filter((_, step) => isLast(step));
  for (const [point, value] of thinned.entries()) expect(value).toBeCloseTo(smoothed[point] ?? Number.NaN, 9);
});

test('of a long run the measured curve goes through the lowest and highest steps, the smoothed one through the means', () => {
  const run = afterUpdate(emptyRun({ name: 'run', facts: [], settings: {}, isTraining: false }), {
    ...{ run: 0, part: 'train', from: 0 },
    columns: trainColumns({ step: [1, 3, 4], loss: [3, 3, 4], lowestLoss: [2, 1, 4], highestLoss: [4, 5, 4] }),
  });
  const [measured, smoothed] = lossCurves([run], horizontalAxis('steps', [run]), 0.9);
  expect(measured).toMatchObject({ places: [0, 1, 2, 3, 4], values: [2, 4, 1, 5, 4], isFaint: true });
  expect(smoothed).toMatchObject({ places: [1, 3, 4], values: [3, 3, 4] });
});

test('curves measured at different places share one row of places', () => {
  const curve = (places: number[], values: (number | null)[]) => ({ label: '', colour: '', places, values });
  const data = alignedData([curve([0, 1, 2], [3, 2, 1]), curve([0, 2], [5, 4])], false);
  expect(data.map((column) => [...column])).toEqual([
    [0, 1, 2],
    [3, 2, 1],
    [5, undefined, 4],
  ]);
  expect(alignedData([curve([0, 1], [0, 2])], true)[1]).toEqual([null, 2]);
});

test('the axis fits a falling curve but for a few outlying values, and all of another', () => {
  const losses = Array.from({ length: 1000 }, (_, step) => (step < 10 ? 11 : 3 + step / 1000));
  const [low, high] = valueRange([losses], 0, 999, 'falling');
  expect(low).toBeGreaterThan(2.8);
  expect(low).toBeLessThan(3.01);
  expect(high).toBeGreaterThan(3.999);
  expect(high).toBeLessThan(4.5);
  expect(valueRange([losses], 0, 999, 'all')[1]).toBeGreaterThan(11);
  expect(valueRange([[null]], 0, 0, 'all')).toEqual([0, 1]);
});

test('what floating point leaves of a constant fills no axis', () => {
  for (const values of [[2, 2], [0.33, 0.33 + 1e-16], [0]]) {
    const [low, high] = valueRange([values], 0, 1, 'all');
    expect(high - low).toBeGreaterThan(Math.max(...values) * 1e-3);
    expect(low).toBeGreaterThanOrEqual(0);
  }
});

test('the legend shows the value under the cursor, none after the end of a curve, without a cursor the last', () => {
  const curves = [
    { label: 'long', colour: '', places: [0, 1, 2, 3], values: [4, 3, 2, 1] },
    { label: 'short', colour: '', places: [0, 1], values: [9, 8] },
    { label: 'sparse', colour: '', places: [0, 2], values: [7, 6], isSparse: true },
  ];
  const told = (cursor: number | undefined) =>
    legendEntries(curves, alignedData(curves, false), cursor, String).map(({ values }) => values);
  expect(told(1)).toEqual(['3', '8', '7']);
  expect(told(2)).toEqual(['2', '–', '6']);
  expect(told(undefined)).toEqual(['1', '8', '6']);
});

test('of several runs each has one entry in the legend of the loss, and a look of its own', () => {
  const runs = Array.from({ length: 10 }, (_, index) =>
    [
      { run: index, part: 'train', from: 0, columns: trainColumns({ step: [0], loss: [3] }) } as const,
      {
        ...({ run: index, part: 'evaluations', from: 0 } as const),
        columns: { step: [0], validationLoss: [4], hellaswag: [null], hellaswagExamples: [null] },
      },
    ].reduce(afterUpdate, emptyRun({ name: `run-${index}`, facts: [], settings: {}, isTraining: false })),
  );
  const curves = lossCurves(runs, horizontalAxis('steps', runs), 0.9);
  const entries = legendEntries(curves, alignedData(curves, false), undefined, String);
  expect(entries.map(({ values }) => values)).toEqual(runs.map(() => '3 · 4'));
  expect(new Set(entries.map(({ curve }) => `${curve.colour} ${curve.isDashed}`)).size).toBe(10);
});

test('values without a neighbour are found; a step of another curve is no gap', () => {
  expect(isolatedIndices([1])).toEqual([0]);
  expect(isolatedIndices([1, null, 2, 3, null, 4])).toEqual([0, 5]);
  expect(isolatedIndices([1, undefined, 2, undefined])).toEqual([]);
  expect(isolatedIndices([null, undefined, 2, undefined, null])).toEqual([2]);
});

test('a missing value is a gap, but not between measurements that are made now and then', () => {
  const curve = { label: '', colour: '', places: [], values: [] };
  const { series } = chartOptions({
    ...{
      curves: [curve, { ...curve, isSparse: true }],
      axis: horizontalAxis('steps', []),
      tick: numberTick,
      width: 100,
      height: 100,
      isLogarithmic: false,
    },
    ...{ style: { getPropertyValue: () => '#000000' } as unknown as CSSStyleDeclaration, references: [], range: 'all' },
    ...{ zoom: () => undefined, onZoom: () => {}, onCursor: () => {} },
  });
  expect(series.slice(1).map(({ spanGaps }) => spanGaps)).toEqual([false, true]);
});

test('the marks of an axis are told apart', () => {
  const marks = (distance: number, ...values: number[]) => values.map((value) => numberTick(value, distance));
  expect(marks(0.25, 11.75, 11.5, 11.25)).toEqual(['11.75', '11.50', '11.25']);
  expect(marks(20, 16_000, 16_020)).toEqual(['16,000', '16,020']);
  expect(marks(5000, 0, 15_000)).toEqual(['0', '15K']);
  expect(marks(50_000, 1_100_000, 1_150_000)).toEqual(['1.1M', '1.15M']);
  expect(marks(2.5e-7, 5e-7, 7.5e-7)).toEqual(['5e-7', '7.5e-7']);
  expect([percentTick(0.3325, 0.0025), percentTick(0.335, 0.0025)]).toEqual(['33.25%', '33.50%']);
});

test('the steep start is a share of the steps that are shown, and none where the first is not among them', () => {
  const steps = Array.from({ length: 10_000 }, (_, step) => step);
  expect(afterSteepStart(steps, 0, 9_999)).toBe(500);
  expect(afterSteepStart(steps, 0, 400)).toBe(20);
  expect(afterSteepStart(steps, 100, 300)).toBe(100);
});
