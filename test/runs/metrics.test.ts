import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Metrics, MetricsLog, metricsPath, readMetrics } from '#minillm/runs/metrics.js';
import { UserError } from '#minillm/support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

const train = (step: number): Metrics => ({
  kind: 'train',
  step,
  loss: 10 - step,
  lr: 6e-4,
  norm: 1,
  ms: 500,
  tokensPerSecond: 1000,
  mfu: 0.4,
});
const evaluation = (step: number): Metrics => ({
  kind: 'eval',
  step,
  validationLoss: 3.2,
  hellaswag: { accuracy: 0.29, accuracyNorm: 0.3, correct: 29, correctNorm: 30, total: 100 },
});
const sample = (step: number): Metrics => ({ kind: 'sample', step, text: 'line one\nline "two" ✓' });

async function write(folder: string, nextStep: number, ...lines: Metrics[]): Promise<void> {
  const log = await MetricsLog.open(folder, nextStep);
  for (const line of lines) log.append(line);
  log.close();
}

const kindsAndSteps = async (folder: string) => (await readMetrics(folder)).map(({ kind, step }) => `${kind} ${step}`);

test('what is appended is read back, one object a line', async () => {
  const folder = temporaryFolder();
  const lines = [evaluation(0), sample(0), train(0), train(1)];
  await write(folder, 0, ...lines);
  expect(await readMetrics(folder)).toEqual(lines);
  expect(readFileSync(metricsPath(folder), 'utf8').split('\n').length).toBe(5);
});

test('an appended line is there for other processes before the log is closed', async () => {
  const folder = temporaryFolder();
  const log = await MetricsLog.open(folder, 0);
  log.append(train(0));
  expect(await readMetrics(folder)).toEqual([train(0)]);
  log.close();
});

test('a loss that is not a number survives, and an evaluation may lack a part', async () => {
  const folder = temporaryFolder();
  const lines: Metrics[] = [
    { ...train(0), loss: Number.NaN, norm: Number.NaN } as Metrics,
    { kind: 'eval', step: 1, validationLoss: 3 },
  ];
  await write(folder, 0, ...lines);
  expect(await readMetrics(folder)).toEqual(lines);
});

test('after a resume no step appears twice', async () => {
  const folder = temporaryFolder();
  await write(
    folder,
    0,
    evaluation(0),
    train(0),
    train(1),
    evaluation(2),
    sample(2),
    train(2),
    train(3),
    evaluation(4),
  );
  // the checkpoint of step 2 follows its evaluation
  await write(folder, 2, train(2), train(3), evaluation(4), sample(4));
  const expected = ['eval 0', 'train 0', 'train 1', 'eval 2', 'sample 2', 'train 2', 'train 3', 'eval 4', 'sample 4'];
  expect(await kindsAndSteps(folder)).toEqual(expected);
});

test('a run that starts over begins with an empty file', async () => {
  const folder = temporaryFolder();
  await write(folder, 0, evaluation(0), train(0));
  await write(folder, 0, evaluation(0));
  expect(await kindsAndSteps(folder)).toEqual(['eval 0']);
});

test('wherever a crash tears the last line, it is passed over, and repaired on resume', async () => {
  const folder = temporaryFolder();
  await write(folder, 0, train(0));
  const whole = readFileSync(metricsPath(folder));
  const torn = Buffer.from(JSON.stringify(evaluation(1)));
  for (let length = 1; length < torn.length; length++) {
    writeFileSync(metricsPath(folder), Buffer.concat([whole, torn.subarray(0, length)]));
    expect(await kindsAndSteps(folder)).toEqual(['train 0']);
  }
  await write(folder, 1, train(1));
  expect(await kindsAndSteps(folder)).toEqual(['train 0', 'train 1']);
});

test('a last line that lacks only its end is kept', async () => {
  const folder = temporaryFolder();
  await write(folder, 0, train(0));
  appendFileSync(metricsPath(folder), JSON.stringify(train(1)));
  await write(folder, 2, train(2));
  expect(await kindsAndSteps(folder)).toEqual(['train 0', 'train 1', 'train 2']);
});

test('a damaged line in the middle is named', async () => {
  const folder = temporaryFolder();
  await write(folder, 0, train(0));
  appendFileSync(metricsPath(folder), `{"kind":"train","step":-1}\n${JSON.stringify(train(1))}\n`);
  await expect(readMetrics(folder)).rejects.toThrow(UserError);
  await expect(readMetrics(folder)).rejects.toThrow(`${metricsPath(folder)}: line 2: step: `);
});

test('a run that has written nothing has no metrics; a folder that is missing is named', async () => {
  const folder = join(temporaryFolder(), 'none');
  expect(await readMetrics(folder)).toEqual([]);
  await expect(MetricsLog.open(folder, 0)).rejects.toThrow('could not write it (ENOENT');
  expect(existsSync(folder)).toBe(false);
});
