import { describe, expect, test } from 'vitest';
import type { RunStatus } from '../../../../../src/app/dashboard-stream.ts';
import { horizontalAxis, knowsTokens, UNITS } from '../../../../../src/app/web/dashboard/charts/axis.ts';
import { alignedData } from '../../../../../src/app/web/dashboard/charts/chart-data.ts';
import { evaluationCurves, trainCurves } from '../../../../../src/app/web/dashboard/charts/curves.ts';
import { afterUpdate, emptyRun, type RunState } from '../../../../../src/app/web/dashboard/run-state.ts';
import { trainColumns } from '../train-columns.ts';

const told: RunStatus = { name: 'run', facts: [], settings: {}, isTraining: false, tokensPerStep: 1000 };

/** A run whose steps take so many milliseconds each, evaluated after its last step. */
function run(steps: readonly number[], ms: number, information: RunStatus = told): RunState {
  const next = (steps.at(-1) ?? -1) + 1;
  const train = trainColumns({ step: [...steps], ms: steps.map(() => ms), loss: steps.map((step) => 10 - step) });
  const evaluations = { step: [next], validationLoss: [1], hellaswag: [null], hellaswagExamples: [null] };
  return [
    { run: 0, part: 'train', from: 0, columns: train } as const,
    { run: 0, part: 'evaluations', from: 0, columns: evaluations } as const,
  ].reduce(afterUpdate, emptyRun(information));
}

describe('the axis', () => {
  test.each([
    ['steps', [0, 1, 2], 3],
    ['tokens', [0, 1000, 2000], 3000],
    ['time', [0, 2, 4], 6],
  ] as const)('of %s places losses before their step and the last evaluation after all', (unit, losses, last) => {
    const runs = [run([0, 1, 2], 2000)];
    const axis = horizontalAxis(unit, runs);
    expect(trainCurves(runs, axis, '', 'loss', 0)[0]?.[0]?.places).toEqual(losses);
    expect(evaluationCurves(runs, axis, '', 'validationLoss')[0]?.[0]?.places).toEqual([last]);
  });

  test.each(UNITS)('of %s has steps that were taken back no more', (unit) => {
    const before = run([0, 1, 2, 3, 4], 2000);
    // the run goes on at step 2, with slower steps
    const columns = trainColumns({ step: [2, 3], ms: [4000, 4000], loss: [8, 7] });
    const runs = [afterUpdate(before, { run: 0, part: 'train', from: 2, columns })];
    const axis = horizontalAxis(unit, runs);
    const [curve] = trainCurves(runs, axis, '', 'loss', 0).flat();
    expect(curve?.places).toEqual({ steps: [0, 1, 2, 3], tokens: [0, 1000, 2000, 3000], time: [0, 2, 4, 8] }[unit]);
    expect(curve?.values).toEqual([10, 9, 8, 7]);
  });

  test('lays runs over each other by what they share', () => {
    const runs = [run([0, 1, 2, 3], 1000), run([0, 1], 2000, { ...told, tokensPerStep: 2000 })];
    const merged = (unit: 'tokens' | 'time') =>
      alignedData(trainCurves(runs, horizontalAxis(unit, runs), '', 'loss', 0).flat(), false).map((row) => [...row]);
    expect(merged('time')).toEqual([
      [0, 1, 2, 3],
      [10, 9, 8, 7],
      [10, undefined, 9, undefined],
    ]);
    expect(merged('tokens')).toEqual([
      [0, 1000, 2000, 3000],
      [10, 9, 8, 7],
      [10, undefined, 9, undefined],
    ]);
  });

  test('has tokens where every run says how many a step has', () => {
    const { tokensPerStep: _, ...silent } = told;
    expect(knowsTokens([run([0], 1)])).toBe(true);
    expect(knowsTokens([run([0], 1), run([0], 1, silent)])).toBe(false);
  });

  test('does not grow with the number of runs that are compared', () => {
    const steps = Array.from({ length: 20_000 }, (_, step) => step);
    const runs = Array.from({ length: 8 }, (_, index) => run(steps, 100 + index));
    const curves = trainCurves(runs, horizontalAxis('time', runs), '', 'loss', 0).flat();
    const data = alignedData(curves, false);
    expect(data[0].length).toBeLessThanOrEqual(40_000);
    for (const { places, values } of curves) {
      expect(values).toHaveLength(places.length);
      expect(values.at(-1)).toBe(10 - 19_999);
    }
  });

  test('tells of a single run its step, tokens and time; of several what they share', () => {
    const one = [run([0, 1, 2, 3], 90_000)];
    const words = UNITS.map((unit) => {
      const axis = horizontalAxis(unit, one);
      return axis.describe(axis.places(0, [2])[0] ?? Number.NaN);
    });
    expect(words).toEqual(UNITS.map(() => 'step 2 · 2 k tokens · 3 m 00 s'));
    const two = [...one, ...one];
    expect(UNITS.map((unit) => horizontalAxis(unit, two).describe(2000))).toEqual([
      'step 2,000',
      '2 k tokens',
      '33 m 20 s',
    ]);
    expect(UNITS.map((unit) => horizontalAxis(unit, two).describeRange(3600, 7200))).toEqual([
      'Steps 3,600 to 7,200',
      '3.6 k to 7.2 k tokens',
      '1 h 00 m to 2 h 00 m',
    ]);
  });
});
