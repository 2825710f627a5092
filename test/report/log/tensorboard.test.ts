import { readdirSync, readFileSync, renameSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TensorboardLogger } from '#minillm/report/log/tensorboard.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { readEvents, shownScalars } from '../event-file.ts';

const at = (step: number) => ({ step, time: 1_700_000_000 + step });

/** Logs the loss of steps as one process. */
function logSteps(folder: string, steps: readonly number[], loss: (step: number) => number): void {
  const logger = TensorboardLogger.open(folder, at(steps[0] ?? 0));
  for (const step of steps) logger.logMetrics(at(step), { 'loss/train': loss(step) });
  logger.close();
}

test('records are in the file before it is closed', () => {
  const folder = join(temporaryFolder(), 'tensorboard');
  const logger = TensorboardLogger.open(folder, at(0));
  logger.logMetrics(at(0), { 'loss/train': 2, 'speed/mfu': 0.5 });
  logger.logText(at(1), 'samples/1', 'Once\nupon');
  const [name = ''] = readdirSync(folder);
  expect(name).toMatch(/^events\.out\.tfevents\.1700000000\./);
  const events = readEvents(readFileSync(join(folder, name)));
  expect(events.map(({ step, isStart, scalars, texts }) => ({ step, isStart, scalars, texts }))).toEqual([
    { step: 0, isStart: false, scalars: {}, texts: {} },
    { step: 0, isStart: true, scalars: {}, texts: {} },
    { step: 0, isStart: false, scalars: { 'loss/train': 2, 'speed/mfu': 0.5 }, texts: {} },
    { step: 1, isStart: false, scalars: {}, texts: { 'samples/1': '    Once\n    upon' } },
  ]);
  expect(events[0]).toMatchObject({ version: 'brain.Event:2', time: 1_700_000_000 });
  logger.close();
});

test('a process that goes on begins a later file, and no step is shown twice', () => {
  const folder = temporaryFolder();
  logSteps(folder, [0, 1, 2, 3, 4], (step) => step);
  const [first = ''] = readdirSync(folder);
  // killed within a record
  truncateSync(join(folder, first), readFileSync(join(folder, first)).length - 7);
  logSteps(folder, [2, 3, 4, 5], (step) => step + 0.5);
  expect(shownScalars(folder)['loss/train']).toEqual([
    [0, 0],
    [1, 1],
    [2, 2.5],
    [3, 3.5],
    [4, 4.5],
    [5, 5.5],
  ]);
});

test('a file comes after those that are there, whatever the clock that named them', () => {
  const folder = temporaryFolder();
  logSteps(folder, [0, 1, 2, 3], (step) => step);
  const [first = ''] = readdirSync(folder);
  renameSync(join(folder, first), join(folder, 'events.out.tfevents.1800000000.elsewhere.1.0'));
  logSteps(folder, [3], () => 1);
  logSteps(folder, [3], () => 2);
  const names = readdirSync(folder).sort();
  expect(names.map((name) => /tfevents\.(\d+)/.exec(name)?.[1])).toEqual(['1800000000', '1800000001', '1800000002']);
  expect(shownScalars(folder)['loss/train']).toEqual([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 2],
  ]);
});

test('a damaged record does not read back', () => {
  const folder = temporaryFolder();
  logSteps(folder, [0, 1], (step) => step);
  const bytes = readFileSync(join(folder, readdirSync(folder)[0] ?? ''));
  bytes[bytes.length - 6] = (bytes[bytes.length - 6] ?? 0) ^ 1;
  expect(() => readEvents(bytes)).toThrow('wrong data');
});
