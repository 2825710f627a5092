import { expect, test } from 'vitest';
import type { RunUpdate } from '../../../../src/app/dashboard-stream.ts';
import { afterUpdate, describeState, emptyRun, withStatuses } from '../../../../src/app/web/dashboard/run-state.ts';
import { trainColumns } from './train-columns.ts';

const told = { name: 'run', facts: [], settings: {}, isTraining: false };

const trained = (from: number, ...steps: number[]): RunUpdate => ({
  ...{ run: 0, part: 'train', from },
  columns: trainColumns({ step: steps, loss: steps.map((step) => 10 - step) }),
});

test('updates are added to a run, in place of earlier rows from their beginning on', () => {
  const grown = [trained(0, 0, 1, 2), trained(3, 3), trained(3, 4, 5)].reduce(afterUpdate, emptyRun(told));
  expect(grown.history.train.step).toEqual([0, 1, 2, 4, 5]);
  expect(grown.history.train.loss).toEqual([10, 9, 8, 6, 5]);
  const sampled = afterUpdate(grown, {
    ...{ run: 0, part: 'samples', from: 0 },
    columns: { step: [3, 3], text: ['once', 'upon'] },
  });
  expect(sampled.history.samples.text).toEqual(['once', 'upon']);
  const anew = afterUpdate(sampled, trained(0, 0, 1));
  expect([anew.history.train.step, anew.history.samples.step]).toEqual([
    [0, 1],
    [3, 3],
  ]);
});

test('a run is trained, finished, stopped or not begun', () => {
  const stateAfter = (isTraining: boolean, steps: number | undefined, ...done: number[]) => {
    const information = { ...told, isTraining, ...(steps === undefined ? {} : { steps }) };
    return describeState(afterUpdate(emptyRun(information), trained(0, ...done)));
  };
  expect(stateAfter(true, 3, 0, 1)).toBe('training');
  expect(stateAfter(false, 3, 0, 1)).toBe('stopped');
  expect(stateAfter(false, 2, 0, 1)).toBe('finished');
  expect(stateAfter(false, 1, 0, 1)).toBe('finished');
  expect(stateAfter(false, undefined, 0, 1)).toBe('stopped');
  expect(stateAfter(false, 3)).toBe('not begun');
});

test('a new status of a run leaves its history alone', () => {
  const known = [afterUpdate(emptyRun(told), trained(0, 0, 1))];
  const [run, other] = withStatuses(known, [{ ...told, name: 'new' }, told]);
  expect([run?.information.name, run?.history.train.step]).toEqual(['new', [0, 1]]);
  expect(other?.history.train.step).toEqual([]);
});
