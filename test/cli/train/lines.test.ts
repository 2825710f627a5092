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

test('outliers and updates that were not made are told', () => {
  expect(stepLine({ ...METRICS, lossZ: 7.25, normZ: -0.5, skipped: 'outlier' }, 1)).toMatch(
    / \| outlier: loss \+7\.3 z, norm −0\.5 z \| update skipped: outlier$/,
  );
  expect(stepLine({ ...METRICS, lossZ: 1, normZ: 2 }, 1)).not.toContain('outlier');
});

test('the time left follows the mean of the last twenty steps, so that one slow step hardly changes it', () => {
  const times = new StepTimes();
  for (let step = 0; step < 30; step++) times.left({ step, ms: 5000 }, 1000);
  for (let step = 30; step < 49; step++) times.left({ step, ms: 100 }, 1000);
  expect(times.left({ step: 49, ms: 100 }, 1000)).toBeCloseTo(950 * 0.1, 9);
  expect(times.left({ step: 50, ms: 300 }, 1000)).toBeCloseTo(949 * 0.11, 9);
  expect(times.left({ step: 998, ms: 100 }, 1000)).toBeCloseTo(0.11, 9);
});

test('the last step says nothing of the time left', () => {
  const left = new StepTimes().left({ step: 999, ms: 100 }, 1000);
  expect(stepLine(METRICS, left)).toMatch(/ \| mfu: 51\.2%$/);
});
