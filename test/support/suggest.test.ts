import { expect, test } from 'vitest';
import { nearestName } from '#minillm/support/suggest.js';

const PRESETS = ['tiny', 'gpt2-124m', 'gpt2-350m', 'gpt2-774m', 'gpt2-1558m'];

test.each([
  ['gpt2-124', 'gpt2-124m'],
  ['GPT2-774M', 'gpt2-774m'],
  ['tyni', 'tiny'],
  ['gpt-1558m', 'gpt2-1558m'],
])('%s is nearest to %s', (given, expected) => {
  expect(nearestName(given, PRESETS)).toBe(expected);
});

test('nothing is suggested for a name that is like none', () => {
  expect(nearestName('llama', PRESETS)).toBeUndefined();
  expect(nearestName('', PRESETS)).toBeUndefined();
  expect(nearestName('xy', ['ab'])).toBeUndefined();
});
