/** @file `train --log-to` as a user runs it: beside a run, over a crash, and where it cannot write. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { readMetrics } from '#minillm/runs/metrics.js';
import { shownScalars } from '../../report/event-file.ts';
import { fillDisk, smallDisk } from '../../support/small-disk.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { fixtureTraining } from '../fixture-run.ts';
import { BIN, minillm } from '../minillm.ts';

const STEPS = 30;
const INTERVALS = ['--checkpoint-every', '10', '--eval-every', '10'];

/** The step at which `CRASH` kills the process, when its line is printed and before it is logged. */
const CRASH_STEP = 16;
const CRASH = `data:text/javascript,${encodeURIComponent(`
  const { write } = process.stdout;
  process.stdout.write = function (text, ...rest) {
    const written = write.call(this, text, ...rest);
    if (String(text).startsWith('step ${CRASH_STEP} | loss')) process.kill(process.pid, 'SIGKILL');
    return written;
  };
`)}`;

interface Training {
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly crashes?: true;
}

async function run({ args, env, crashes }: Training) {
  const node = crashes ? ['--import', CRASH] : [];
  const child = spawn(process.execPath, [...node, BIN, ...args], { env: { ...process.env, ...env } });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const lines: string[] = [];
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  const [code, signal] = await closed;
  return { code, signal, lines, stderr };
}

/** The weights that a run ended with. */
const weights = (out: string): Buffer =>
  readFileSync(join(out, `step-${String(STEPS).padStart(8, '0')}`, 'model.safetensors'));

/** Training and validation losses of a run by step, in the precision of event files. */
async function losses(out: string): Promise<Record<string, [number, number][]>> {
  const lines = await readMetrics(out);
  return {
    'loss/train': lines.flatMap((line) => (line.kind === 'train' ? [[line.step, Math.fround(line.loss)]] : [])),
    'loss/validation': lines.flatMap((line) =>
      line.kind === 'eval' ? [[line.step, Math.fround(line.validationLoss ?? Number.NaN)]] : [],
    ),
  };
}

/** What trackio has once it has imported its inbox: of each id the record that came first. */
function imported(inbox: string): { step: number; run_id: string; metrics: Record<string, number> }[] {
  const records = new Map<string, { step: number; run_id: string; metrics: Record<string, number> }>();
  const files = readdirSync(inbox, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
  for (const name of files.sort())
    for (const line of readFileSync(join(inbox, name), 'utf8').trim().split('\n')) {
      const record = JSON.parse(line);
      if (!records.has(record.log_id)) records.set(record.log_id, record);
    }
  return [...records.values()].sort((a, b) => a.step - b.step);
}

test('a run is logged while it trains, and after a crash no step is missing or stands twice', async () => {
  const folder = temporaryFolder();
  const [plain, out, tracks] = [join(folder, 'plain'), join(folder, 'logged'), join(folder, 'tracks')];
  const given = await fixtureTraining(out, STEPS);
  const args = [...given, ...INTERVALS, '--log-to', 'tensorboard,trackio'];
  const env = { TRACKIO_DIR: tracks };
  expect((await run({ args, env, crashes: true })).signal).toBe('SIGKILL');
  const logged = shownScalars(join(out, 'tensorboard'))['loss/train']?.map(([step]) => step);
  expect(logged, 'a process that was killed').toEqual([...Array(CRASH_STEP).keys()]);
  const resumed = await run({ args, env });
  expect([resumed.code, resumed.stderr]).toEqual([0, '']);
  expect(resumed.lines.join('\n')).toContain('resumed at step 10');

  const expected = await losses(out);
  expect(expected['loss/train']?.map(([step]) => step)).toEqual([...Array(STEPS).keys()]);
  expect(shownScalars(join(out, 'tensorboard'))).toMatchObject(expected);
  const records = imported(join(tracks, 'inbox'));
  expect(new Set(records.map(({ run_id }) => run_id)).size).toBe(1);
  for (const [tag, points] of Object.entries(expected))
    expect(
      records.flatMap(({ step, metrics }) => (tag in metrics ? [[step, Math.fround(metrics[tag] ?? 0)]] : [])),
    ).toEqual(points);

  const unlogged = given.map((arg) => (arg === out ? plain : arg));
  expect((await run({ args: [...unlogged, ...INTERVALS] })).code).toBe(0);
  expect(existsSync(join(plain, 'tensorboard'))).toBe(false);
  expect(weights(out).equals(weights(plain))).toBe(true);
});

test('a run that is logged only from its second process on is there as a whole', async () => {
  const out = join(temporaryFolder(), 'run');
  const args = [...(await fixtureTraining(out, STEPS)), ...INTERVALS];
  expect((await run({ args, crashes: true })).signal).toBe('SIGKILL');
  expect((await run({ args: [...args, '--log-to', 'tensorboard'] })).code).toBe(0);
  expect(shownScalars(join(out, 'tensorboard'))).toMatchObject(await losses(out));
});

test('loggers that cannot write say so once each, and the run ends with the same weights', async () => {
  const folder = temporaryFolder();
  const [plain, out, tracks] = [join(folder, 'plain'), join(folder, 'logged'), join(folder, 'file')];
  writeFileSync(tracks, 'not a folder');
  mkdirSync(out);
  writeFileSync(join(out, 'tensorboard'), 'not a folder');
  const given = [...(await fixtureTraining(out, STEPS)), ...INTERVALS];
  const { code, lines, stderr } = await run({
    args: [...given, '--log-to', 'tensorboard,trackio'],
    env: { TRACKIO_DIR: tracks },
  });
  expect([code, stderr]).toEqual([0, '']);
  const warnings = lines.filter((line) => line.includes('training continues'));
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toMatch(/^logging to tensorboard stopped with an error; training continues: EEXIST/);
  expect(warnings[1]).toMatch(/^logging to trackio stopped with an error; training continues: ENOTDIR/);
  await run({ args: given.map((arg) => (arg === out ? plain : arg)) });
  expect(weights(out).equals(weights(plain))).toBe(true);
});

test('a disk that becomes full under a logger costs its logs, not the run', async (context) => {
  const disk = smallDisk(context, 1);
  const out = join(temporaryFolder(), 'run');
  mkdirSync(join(disk, 'inbox'));
  fillDisk(disk, 4096);
  const args = [...(await fixtureTraining(out, STEPS)), ...INTERVALS, '--log-to', 'trackio', '--json'];
  // records of 30 steps are more than what is free
  const { code, stderr } = await run({ args, env: { TRACKIO_DIR: disk } });
  expect(code).toBe(0);
  expect(stderr).toMatch(/^logging to trackio stopped with an error; training continues: ENOSPC[^\n]*\n$/);
  expect(weights(out).length).toBeGreaterThan(0);
});

test('an unknown logger is a usage error that suggests the nearest', async () => {
  const { code, stderr } = await minillm('train', '--log-to', 'tensorbord');
  expect(code).toBe(2);
  expect(stderr).toMatch(/Allowed choices are tensorboard, trackio\. \(Did you mean tensorboard\?\)\n$/);
});
