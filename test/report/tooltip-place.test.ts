import { expect, test } from 'vitest';
import { tooltipPlace } from '../../src/report/page/tooltip-place.ts';

const chart = [500, 200] as const;
const window = { above: 300, below: 400 };

test('a tooltip stands beside the pointer, inside the chart', () => {
  expect(tooltipPlace([100, 100], [150, 60], chart, window)).toEqual([116, 70]);
  expect(tooltipPlace([400, 5], [150, 60], chart, window)).toEqual([234, 0]);
  expect(tooltipPlace([100, 195], [150, 60], chart, window)).toEqual([116, 140]);
  expect(tooltipPlace([100, 100], [495, 60], chart, window)).toEqual([0, 70]);
});

test('one that is taller than the chart reaches beyond it, but not beyond the window', () => {
  expect(tooltipPlace([100, 5], [150, 500], chart, window)).toEqual([116, -150]);
  expect(tooltipPlace([100, 5], [150, 500], chart, { above: 50, below: 650 })).toEqual([116, -46]);
  expect(tooltipPlace([100, 5], [150, 500], chart, { above: 650, below: 50 })).toEqual([116, -254]);
  expect(tooltipPlace([100, 5], [150, 2000], chart, window)).toEqual([116, -296]);
});
