import { expect, test } from 'vitest';
import { afterNews, afterUpdate, emptyRun, stateOf } from '../../../../src/app/web/dashboard/run-state.ts';

const told = { name: 'run', facts: [], settings: {}, isTraining: false };

const update = (replaces: boolean, ...steps: number[]) => {
  const values = () => steps.map((step) => 10 - step);
  return {
    ...{ run: 0, replaces, samples: steps.map((step) => ({ step, text: 'once' })) },
    train: {
      step: [...steps],
      loss: values(),
      lr: values(),
      norm: values(),
      ms: values(),
      tokensPerSecond: values(),
      mfu: values(),
    },
    evaluations: { step: [...steps], validationLoss: values(), hellaswag: values(), hellaswagExamples: values() },
  };
};

test('updates are added to a run; one that replaces takes the place of all before it', () => {
  const run = emptyRun(told);
  const grown = afterUpdate(afterUpdate(run, update(true, 0, 1, 2)), update(false, 3));
  expect(grown.history.train.step).toEqual([0, 1, 2, 3]);
  expect(grown.history.train.loss).toEqual([10, 9, 8, 7]);
  expect(grown.history.samples).toHaveLength(4);
  expect(afterUpdate(grown, update(true, 0, 1)).history.train.step).toEqual([0, 1]);
});

test('a run is trained, finished, stopped or not begun', () => {
  const stateAfter = (isTraining: boolean, steps: number | undefined, ...trained: number[]) => {
    const information = { ...told, isTraining, ...(steps === undefined ? {} : { steps }) };
    return stateOf(afterUpdate(emptyRun(information), update(true, ...trained)));
  };
  expect(stateAfter(true, 3, 0, 1)).toBe('training');
  expect(stateAfter(false, 3, 0, 1)).toBe('stopped');
  expect(stateAfter(false, 2, 0, 1)).toBe('finished');
  expect(stateAfter(false, 1, 0, 1)).toBe('finished');
  expect(stateAfter(false, undefined, 0, 1)).toBe('stopped');
  expect(stateAfter(false, 3)).toBe('not begun');
});

test('what is told of a run again leaves its history', () => {
  const known = [afterUpdate(emptyRun(told), update(true, 0, 1))];
  const [run, other] = afterNews(known, [{ ...told, name: 'new' }, told]);
  expect([run?.information.name, run?.history.train.step]).toEqual(['new', [0, 1]]);
  expect(other?.history.train.step).toEqual([]);
});
