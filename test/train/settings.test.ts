import { expect, test } from 'vitest';
import { completeSettings, differences } from '#minillm/train/settings.js';

test('a recorded setting that is no plain value is a difference like any other', () => {
  const settings = completeSettings({ preset: 'tiny', data: 'data', out: 'out', seed: 7, steps: 100 }, 128);
  const run = { ...settings, trainTokens: 1000 };
  expect(differences({ ...run }, run)).toEqual([]);
  const seed = JSON.parse('{"toString":1,"valueOf":1}') as unknown;
  expect(differences({ ...run, seed, steps: undefined }, run)).toEqual([
    'steps was undefined and is 100',
    'seed was {"toString":1,"valueOf":1} and is 7',
  ]);
});
