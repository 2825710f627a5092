import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MetricsFollower } from '#minillm/runs/follow-metrics.js';
import { MetricsLog, metricsPath } from '#minillm/runs/metrics.js';
import { UserError } from '#minillm/support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { trained } from './trained.ts';

/** The steps that a follower tells, and whether they replace what it told before. */
async function next(follower: MetricsFollower): Promise<[replaces: boolean, ...steps: number[]] | undefined> {
  const change = await follower.next();
  return change && [change.replaces, ...change.lines.map(({ step }) => step)];
}

/** Goes on with a run at `nextStep`; no step takes as long as it did before. */
async function logged(folder: string, nextStep: number, ...steps: number[]): Promise<MetricsLog> {
  const log = await MetricsLog.open(folder, nextStep);
  for (const step of steps) log.append(trained(step, performance.now()));
  return log;
}

test('a follower tells the whole history, then each new line once', async () => {
  const folder = temporaryFolder();
  const log = await logged(folder, 0, 0, 1, 2);
  const follower = new MetricsFollower(folder);
  expect(await next(follower)).toEqual([false, 0, 1, 2]);
  expect(await next(follower)).toBeUndefined();
  log.append(trained(3));
  log.append(trained(4));
  expect(await next(follower)).toEqual([false, 3, 4]);
  log.close();
});

test('a run that has measured nothing is followed from its first line', async () => {
  const folder = temporaryFolder();
  const follower = new MetricsFollower(folder);
  expect(await next(follower)).toBeUndefined();
  (await logged(folder, 0, 0)).close();
  expect(await next(follower)).toEqual([false, 0]);
});

test('a line that is being written is told when it is whole', async () => {
  const folder = temporaryFolder();
  (await logged(folder, 0, 0)).close();
  const follower = new MetricsFollower(folder);
  await follower.next();
  const line = `${JSON.stringify(trained(1))}\n`;
  appendFileSync(metricsPath(folder), line.slice(0, 40));
  expect(await next(follower)).toBeUndefined();
  appendFileSync(metricsPath(folder), line.slice(40));
  expect(await next(follower)).toEqual([false, 1]);
});

test('steps that a resume rolled back are replaced; a resume that keeps them goes on', async () => {
  const folder = temporaryFolder();
  (await logged(folder, 0, 0, 1, 2, 3)).close();
  const follower = new MetricsFollower(folder);
  await follower.next();
  expect(await next(follower)).toBeUndefined();
  (await logged(folder, 4, 4)).close();
  expect(await next(follower)).toEqual([false, 4]);
  (await logged(folder, 2, 2, 3, 4, 5)).close();
  expect(await next(follower)).toEqual([true, 0, 1, 2, 3, 4, 5]);
  expect(await next(follower)).toBeUndefined();
});

test.each([
  ['shorter', [30]],
  ['as long', [30, 31, 32]],
  ['longer', [30, 31, 32, 33]],
  ['empty', []],
])('a file with other content under the same inode is told anew when it is %s', async (_, steps) => {
  const folder = temporaryFolder();
  const path = metricsPath(folder);
  const write = (steps: readonly number[]) =>
    writeFileSync(path, steps.map((step) => `${JSON.stringify(trained(step, 500 + step))}\n`).join(''));
  write([20, 21, 22]);
  const { ino } = statSync(path);
  const follower = new MetricsFollower(folder);
  await follower.next();
  write(steps);
  expect(statSync(path).ino).toBe(ino);
  expect(await next(follower)).toEqual([true, ...steps]);
  expect(await next(follower)).toBeUndefined();
});

test('a long file is told in parts of at most 1 MiB, and a line that is longer is an error that names it', async () => {
  const folder = temporaryFolder();
  const path = metricsPath(folder);
  const text = 'a'.repeat(250_000);
  const sample = (step: number): string => `${JSON.stringify({ kind: 'sample', step, text })}\n`;
  writeFileSync(path, [0, 1, 2, 3, 4, 5].map(sample).join(''));
  const follower = new MetricsFollower(folder);
  expect(await next(follower)).toEqual([false, 0, 1, 2, 3]);
  expect(await next(follower)).toEqual([false, 4, 5]);
  expect(await next(follower)).toBeUndefined();
  appendFileSync(path, 'a'.repeat(2 ** 20));
  await expect(follower.next()).rejects.toThrow(`${path}: line 7: expected a line of less than 1 MiB`);
});

test.skipIf(process.platform === 'win32')('a pipe in place of the file is refused, not waited for', async () => {
  const folder = temporaryFolder();
  execFileSync('mkfifo', [metricsPath(folder)]);
  await expect(new MetricsFollower(folder).next()).rejects.toThrow('expected a regular file');
});

test('a damaged line is an error that names it, after the lines before it were told, until it is repaired', async () => {
  const folder = temporaryFolder();
  (await logged(folder, 0, 0, 1)).close();
  const path = metricsPath(folder);
  appendFileSync(path, `not JSON\n${JSON.stringify(trained(2))}\n`);
  const follower = new MetricsFollower(folder);
  expect(await next(follower)).toEqual([false, 0, 1]);
  await expect(follower.next()).rejects.toThrow(UserError);
  await expect(follower.next()).rejects.toThrow(`${path}: line 3: `);
  writeFileSync(path, readFileSync(path, 'utf8').replace('not JSON\n', ''));
  expect(await next(follower)).toEqual([false, 2]);
});

test('a file that is gone after it was read is an error until it is back', async () => {
  const folder = temporaryFolder();
  const path = metricsPath(folder);
  (await logged(folder, 0, 0, 1)).close();
  const follower = new MetricsFollower(folder);
  await follower.next();
  renameSync(path, `${path}.away`);
  await expect(follower.next()).rejects.toThrow(path);
  appendFileSync(`${path}.away`, `${JSON.stringify(trained(2))}\n`);
  renameSync(`${path}.away`, path);
  expect(await next(follower)).toEqual([false, 2]);
  rmSync(path);
  await expect(follower.next()).rejects.toThrow(UserError);
  (await logged(folder, 0, 0)).close();
  expect(await next(follower)).toEqual([true, 0]);
});
