import { expect, test } from 'vitest';
import { fromFragment, type PageState, toFragment } from '../../../../../src/app/web/playground/write/link.ts';
import { DEFAULTS } from '../../../../../src/app/web/playground/write/settings.ts';

const first: PageState = {
  view: 'write',
  prompt: 'first',
  settings: DEFAULTS,
  step: undefined,
  tint: 'probability',
  text: 'a',
};

test('a link restores everything that was set', () => {
  const state: PageState = {
    view: 'read',
    prompt: 'a & b = "c" #é\n🦊 +1%',
    settings: { length: 7, temperature: 0.35, topK: 3, topP: 0.9, seed: 99, samples: 4 },
    step: 0,
    tint: 'difference',
    text: 'two\nlines',
  };
  expect(fromFragment(toFragment(state, first), first)).toEqual(state);
});

test('what is as by default stays out of the link', () => {
  expect(toFragment(first, first)).toBe('#prompt=first');
  expect(fromFragment('', first)).toEqual(first);
});

test('an empty prompt is restored as such', () => {
  expect(fromFragment(toFragment({ ...first, prompt: '' }, first), first).prompt).toBe('');
});

test('nonsense in a link is brought within bounds or left out', () => {
  const { settings, ...rest } = fromFragment(
    '#samples=1e9&temperature=-3&length=x&seed=1.6&step=-2&view=etc&colour=red',
    first,
  );
  expect(settings).toEqual({ ...DEFAULTS, samples: 4, temperature: 0, seed: 2 });
  expect(rest).toEqual({ view: 'write', prompt: 'first', step: undefined, tint: 'probability', text: 'a' });
});
