/** How often something is said, on a clock of the test's own. */

import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Progress } from '#minillm/cli/terminal/progress.js';
import { openTrainOutput } from '#minillm/cli/train/output.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A stream as `process.stderr` is one, and what has been written to it since it was asked last. */
function recorder(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  return { stream: stream as unknown as NodeJS.WriteStream, written: (): string => String(stream.read() ?? '') };
}

/** So many seconds of work that tells of itself ten times a second. */
function work(seconds: number, tell: (tenth: number) => void): void {
  for (let tenth = 1; tenth <= 10 * seconds; tenth++) {
    vi.advanceTimersByTime(100);
    tell(tenth);
  }
}

test('on a pipe each piece of work says something every ten seconds, and nothing when it is short', () => {
  const { stream, written } = recorder(false);
  const progress = new Progress(stream);
  work(35, (tenth) => progress.update(`first ${tenth}`));
  expect(written()).toBe('first 100\nfirst 200\nfirst 300\n');
  progress.clear();
  // the last line is long ago, this work is not
  for (let round = 0; round < 5; round++) {
    work(8, (tenth) => progress.update(`short ${tenth}`));
    progress.clear();
  }
  expect(written()).toBe('');
});

test('on a pipe notes do not hold up what is said of the work', () => {
  const { stream, written } = recorder(false);
  const progress = new Progress(stream);
  work(11, (tenth) => (tenth % 20 === 0 ? progress.note('note') : progress.update(`work ${tenth}`)));
  expect(written()).toContain('work 101\n');
});

test('a terminal shows the first line at once', () => {
  const { stream, written } = recorder(true);
  new Progress(stream).update('begun');
  expect(written()).toContain('begun');
});

test('train --json reports progress every ten seconds, and of a short evaluation only its result', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const output = openTrainOutput({ json: true, panel: false });
  void output.take({ kind: 'checkpoint', step: 7, path: 'step-00000007' });
  const evaluate = (seconds: number): (string | undefined)[] => {
    log.mockClear();
    work(seconds, (done) => void output.take({ kind: 'progress', step: 7, task: 'hellaswag', done, total: 1000 }));
    void output.take({ kind: 'eval', step: 7, validationLoss: 3 });
    return log.mock.calls.map(([line]) => (JSON.parse(String(line)) as { kind: string }).kind);
  };
  expect(evaluate(25)).toEqual(['progress', 'progress', 'eval']);
  for (let round = 0; round < 5; round++) expect(evaluate(8)).toEqual(['eval']);
});
