import { expect, test } from 'vitest';
import { FIRST_VIEW, fromFragment, toFragment } from '../../../../../src/app/web/dashboard/charts/view.ts';

test('a view is the same after its way through a link', () => {
  const views = [
    FIRST_VIEW,
    { unit: 'time', isLogarithmic: true, smoothing: 0 },
    { ...FIRST_VIEW, unit: 'tokens', smoothing: 0.5 },
  ] as const;
  expect(views.map(toFragment)).toEqual(['', '#x=time&loss=log&smoothing=0', '#x=tokens&smoothing=0.5']);
  expect(views.map((view) => fromFragment(toFragment(view)))).toEqual(views);
});

test.each(['', '#x=parsecs', '#smoothing=1&loss=square', '#smoothing=-1', '#smoothing=much', '#?&&=%'])(
  'what a link does not say sensibly is as at first (%s)',
  (fragment) => expect(fromFragment(fragment)).toEqual(FIRST_VIEW),
);
