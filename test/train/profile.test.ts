import { expect, test } from 'vitest';
import { renderTrace, timesByOperation } from '#minillm/train/profile.js';

const NODES = [
  { program: 'gradients', operation: 'linear', seconds: 0.25, flops: 1e9, traffic: 2e6 },
  { program: 'gradients', operation: 'attention', seconds: 0.5, flops: 3e9, traffic: 1e6 },
  { program: 'update', operation: 'linear', seconds: 0.5, flops: 1e9, traffic: 2e6 },
];

test('times are summed by operation, the longest first', () => {
  expect(timesByOperation(NODES)).toEqual([
    { operation: 'linear', count: 2, seconds: 0.75, flops: 2e9, traffic: 4e6 },
    { operation: 'attention', count: 1, seconds: 0.5, flops: 3e9, traffic: 1e6 },
  ]);
});

test('a trace has the nodes one after another, in microseconds', () => {
  const { traceEvents } = JSON.parse(renderTrace(NODES)) as {
    traceEvents: { name: string; ts: number; dur: number; ph: string }[];
  };
  expect(traceEvents.map(({ name, ts, dur, ph }) => [name, ts, dur, ph])).toEqual([
    ['linear', 0, 250_000, 'X'],
    ['attention', 250_000, 500_000, 'X'],
    ['linear', 750_000, 500_000, 'X'],
  ]);
});
