import { expect, test } from 'vitest';
import { pinchedRange } from '../../../../../src/app/web/dashboard/charts/touch.ts';

const whole = [0, 1000] as const;
/** On a chart of 500 pixels that shows all of it. */
const pinch = (held: readonly [number, number], now: readonly [number, number]) =>
  pinchedRange({ range: whole, pixels: held }, now, 500, whole);

test('what is under two fingers stays under them', () => {
  // at 200 and 300 pixels were the values 400 and 600
  expect(pinch([200, 300], [50, 250])).toEqual([350, 850]);
  expect(pinch([300, 200], [250, 50])).toEqual([350, 850]);
});

test('a shown part moves along with the fingers, up to the ends', () => {
  const part = { range: [400, 600] as const, pixels: [100, 200] as const };
  expect(pinchedRange(part, [150, 250], 500, whole)).toEqual([380, 580]);
  expect(pinchedRange(part, [5000, 5100], 500, whole)).toEqual([0, 200]);
  expect(pinchedRange(part, [-5000, -4900], 500, whole)).toEqual([800, 1000]);
});

test('fingers that close in show all again', () => {
  expect(pinch([100, 400], [200, 300])).toBeUndefined();
});

test('fingers above each other do not zoom by their trembling', () => {
  expect(pinch([250, 251], [250, 258])).toBeUndefined();
  const part = { range: [400, 600] as const, pixels: [250, 251] as const };
  expect(pinchedRange(part, [250, 262], 500, whole)?.map(Math.round)).toEqual([398, 598]);
});
