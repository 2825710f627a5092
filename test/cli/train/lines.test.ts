import { expect, test } from 'vitest';
import { StepTimes, stepLine } from '#minillm/cli/train/lines.js';
import type { TrainMetrics } from '#minillm/runs/metrics.js';

const METRICS: TrainMetrics = {
  kind: 'train',
  step: 19067,
  loss: 3.103271,
  lr: 6e-5,
  norm: 0.2596,
  ms: 555.33,
  tokensPerSecond: 944104.07,
  mfu: 0.512,
};

test('a step is one line of the figures people know', () => {
  expect(stepLine(METRICS, 249)).toBe(
    'step 19067 | loss: 3.103271 | lr 6.0000e-05 | norm: 0.2596 | dt: 555.33ms | tok/sec: 944104.07 | mfu: 51.2% | left: 4 m 09 s',
  );
});

test('outliers and skipped updates are reported', () => {
  expect(stepLine({ ...METRICS, lossZ: 7.25, normZ: -0.5, skipped: 'outlier' }, 1)).toMatch(
    / \| outlier: loss \+7\.3 z, norm −0\.5 z \| update skipped: outlier$/,
  );
  expect(stepLine({ ...METRICS, lossZ: 1, normZ: 2 }, 1)).not.toContain('outlier');
});

test('the time left is steady from the first steps on, however slow some of them are', () => {
  const times = new StepTimes();
  // on a busy machine the first step, and then every third, takes several times as long as the others
  const secondsPerStep = Array.from({ length: 100 }, (_, step) => {
    const ms = step === 0 ? 3000 : step % 3 === 0 ? 1080 : 130 + (step % 7);
    return (times.left({ step, ms }, 400) ?? 0) / (400 - step - 1);
  });
  const afterTheFirst = secondsPerStep.slice(4);
  expect(Math.max(...afterTheFirst) / Math.min(...afterTheFirst)).toBeLessThan(1.1);
});

test('the time left follows a machine that becomes faster or slower for good', () => {
  const times = new StepTimes();
  for (let step = 0; step < 50; step++) times.left({ step, ms: 5000 }, 1000);
  for (let step = 50; step < 99; step++) times.left({ step, ms: 100 }, 1000);
  expect(times.left({ step: 99, ms: 100 }, 1000)).toBeCloseTo(900 * 0.1, 9);
});

test('the last step says nothing of the time left', () => {
  const left = new StepTimes().left({ step: 999, ms: 100 }, 1000);
  expect(stepLine(METRICS, left)).toMatch(/ \| mfu: 51\.2%$/);
});
