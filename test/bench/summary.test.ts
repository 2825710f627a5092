import { expect, test } from 'vitest';
import { OURS, ROOF } from '../../bench/contenders.ts';
import { type Report, readReport } from '../../bench/report.ts';
import { summarise } from '../../bench/summary.ts';

const one = (value: number, more = {}): Report => ({
  results: [{ part: '', value, unit: 'tok/s', ...more }],
  peakBytes: 5,
});

test('a row has our median, the peers with their speed-ups, the memory of each', () => {
  const reports = new Map([
    [OURS, [one(10), one(30), one(20)]],
    ['eager', [one(5), one(10), one(10)]],
  ]);
  expect(summarise('train', { reports, failures: new Map() })).toEqual([
    {
      name: 'train',
      unit: 'tok/s',
      value: 20,
      values: [10, 30, 20],
      peakBytes: 5,
      peers: { eager: { value: 10, speedup: 2, peakBytes: 5 } },
    },
  ]);
});

test('the share of the roof is what a second costs over what the same round gave at most', () => {
  const reports = new Map([
    [OURS, [one(10, { bytes: 0.5e9 }), one(20, { bytes: 0.5e9 })]],
    [ROOF, [one(10), one(20)]],
  ]);
  expect(summarise('generate', { reports, failures: new Map() })[0]?.share).toBe(0.5);
});

test('every part of a work is a row; a peer without it has no figure', () => {
  const parts = (...names: string[]): Report => ({
    results: names.map((part, index) => ({ part, value: index + 1, unit: 'GFLOP/s' })),
    peakBytes: 1,
  });
  const reports = new Map([
    [OURS, [parts('forward', 'dX')]],
    ['eager', [parts('forward')]],
    ['compiled', [undefined]],
  ]);
  const rows = summarise('gemm', { reports, failures: new Map([['compiled', 'no compiler']]) });
  expect(rows.map(({ name }) => name)).toEqual(['gemm, forward', 'gemm, dX']);
  expect(rows.map(({ peers }) => Object.keys(peers))).toEqual([['eager'], []]);
});

test('nothing measured gives no rows', () =>
  expect(summarise('train', { reports: new Map([[OURS, [undefined]]]), failures: new Map() })).toEqual([]));

test('a report is the last line that a work prints; anything else is an error', () => {
  expect(readReport('warning: slow\n{"results":[{"value":1,"unit":"s"}],"peakBytes":2}\n')).toEqual({
    results: [{ part: '', value: 1, unit: 's' }],
    peakBytes: 2,
  });
  expect(() => readReport('done')).toThrow();
});
