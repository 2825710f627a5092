import { expect, test } from 'vitest';
import { ThinnedRows } from '#minillm/app/server/dashboard/thinned-rows.js';

test('a series keeps a bounded number of rows, each of which stands for as many, and its newest is always among them', () => {
  const series = new ThinnedRows<number[]>(8, (earlier, later) => [...earlier, ...later]);
  for (let added = 1; added <= 1000; added++) {
    series.add([added - 1]);
    const { rows, count, stride } = series;
    expect(count).toBe(added);
    expect(rows.length).toBeLessThanOrEqual(8);
    expect(rows.flat()).toEqual(Array.from({ length: added }, (_, index) => index));
    for (const row of rows.slice(0, -1)) expect(row).toHaveLength(stride);
  }
  expect(series.stride).toBe(128);
});
