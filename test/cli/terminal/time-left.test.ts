/** The time that is left, on a clock of the test's own. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { downloadLine } from '#minillm/cli/inputs/download-lines.js';
import { TaskClock } from '#minillm/cli/terminal/time-left.js';
import { openTrainOutput } from '#minillm/cli/train/output.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('a download shows the time left at its rate so far', () => {
  expect(downloadLine(1e9, 10e9, 20)).toBe('10 % | 1.00 GB of 10.0 GB | 50.0 MB/s | 3 m 00 s left');
});

test('a task shows the time left from its second report on, whatever was done before the first', () => {
  const clock = new TaskClock();
  vi.advanceTimersByTime(60_000);
  expect(clock.line('validation 1/97', 'validation', 1, 97)).toBe('validation 1/97');
  vi.advanceTimersByTime(2000);
  expect(clock.line('validation 2/97', 'validation', 2, 97)).toBe('validation 2/97 | 3 m 10 s left');
  vi.advanceTimersByTime(4000);
  expect(clock.line('validation 4/97', 'validation', 4, 97)).toBe('validation 4/97 | 3 m 06 s left');
  // another task has a pace of its own
  expect(clock.line('hellaswag 8/40', 'hellaswag', 8, 40)).toBe('hellaswag 8/40');
  vi.advanceTimersByTime(1000);
  expect(clock.line('hellaswag 16/40', 'hellaswag', 16, 40)).toBe('hellaswag 16/40 | 3.0 s left');
});

test('train shows the time left of a long evaluation', () => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const output = openTrainOutput({ json: false, panel: false });
  const evaluate = (step: number, seconds: number): void => {
    for (let done = 1; done <= seconds; done++) {
      vi.advanceTimersByTime(1000);
      void output.take({ kind: 'progress', step, task: 'hellaswag', done, total: 100 });
    }
  };
  evaluate(500, 37);
  expect(write.mock.calls.join('')).toContain('step 500 | hellaswag 20 % | 1 m 20 s left');
  write.mockClear();
  vi.advanceTimersByTime(3_600_000);
  evaluate(1000, 37);
  expect(write.mock.calls.join('')).toMatch(/step 1000 \| hellaswag 21 % \| 1 m 19 s left/);
});
