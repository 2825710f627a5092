/** Training as a user runs it: text, shards, a run that is stopped and resumed, text again. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { type Metrics, readMetrics } from '#minillm/runs/metrics.js';
import type { TrainerEvent } from '#minillm/train/events.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { BIN, minillm } from '../minillm.js';
import { TINY, tinyData } from '../tiny-data.js';

const { folder, data } = tinyData();
const train = (...args: string[]) => minillm('train', '--data', data, ...TINY, ...args);

const parse = (stdout: string): TrainerEvent[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as TrainerEvent);

const lossesOf = (events: readonly (TrainerEvent | Metrics)[]): string[] =>
  events.flatMap((event) => (event.kind === 'train' ? [`${event.step}: ${event.loss}`] : []));

/** Starts a run and does something to its process once a step of this number was trained. */
async function trainUntil(step: number, act: (child: ReturnType<typeof spawn>) => void, args: readonly string[]) {
  const child = spawn(process.execPath, [BIN, 'train', '--data', data, ...TINY, '--json', ...args]);
  const events: TrainerEvent[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const event = JSON.parse(line) as TrainerEvent;
    events.push(event);
    if (event.kind === 'train' && event.step === step) act(child);
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code, signal] = await once(child, 'close');
  // as a shell reports it
  return { code: code ?? 128 + constants.signals[signal as NodeJS.Signals], events, stderr };
}

describe('a run', () => {
  /** Enough that a signal after the ninth comes before the last, on any machine. */
  const STEPS = 24;
  const whole = join(folder, 'whole');
  const last = (run: string): string => join(run, `step-${String(STEPS).padStart(8, '0')}`);

  test('prints what it trains and each step, and can be sampled from', async () => {
    const { code, stdout, stderr } = await train('--out', whole, '--steps', `${STEPS}`);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^model: tiny, 3,424,704 parameters, fp32\ndevice: .*\ndata: .*\nbatch: 64 tokens a step/);
    const steps = stdout.split('\n').filter((line) => line.includes('| loss:'));
    expect(steps).toHaveLength(STEPS);
    const figures =
      /\| lr \d\.\d{4}e-\d\d \| norm: [\d.]+ \| dt: [\d.]+ms \| tok\/sec: [\d.]+ \| mfu: [\d.]+%( \| left: .+)?$/;
    for (const [step, line] of steps.entries()) {
      expect(line).toMatch(new RegExp(`^step ${step} \\| loss: \\d+\\.\\d{6} `));
      expect(line).toMatch(figures);
      expect(line.includes('left:')).toBe(step < STEPS - 1);
    }
    expect(stdout).toContain(`step ${STEPS} | checkpoint: ${last(whole)}\n`);

    const sample = await minillm('sample', '--checkpoint', whole, '--prompt', 'On day', '--tokens', '5');
    expect(sample.code).toBe(0);
    expect(sample.stdout).toMatch(/^On day./);
  });

  test('that is stopped by each signal writes a checkpoint, and the same command ends with the bits of an unbroken one', async () => {
    const out = join(folder, 'stopped');
    const command = ['--out', out, '--steps', `${STEPS}`];
    const losses: string[] = [];
    for (const [step, signal, expected] of [
      [2, 'SIGINT', 130],
      [5, 'SIGTERM', 143],
      [8, 'SIGHUP', 129],
    ] as const) {
      const { code, events, stderr } = await trainUntil(step, (child) => child.kill(signal), command);
      expect([signal, code]).toEqual([signal, expected]);
      expect(stderr).toMatch(/^minillm: stopping after writing a checkpoint/);
      const [saved, end] = events.slice(-2);
      expect(end).toMatchObject({ kind: 'end', interrupted: true });
      expect(saved).toMatchObject({ kind: 'checkpoint', step: end?.kind === 'end' ? end.step : -1 });
      expect(existsSync(join(out, 'trainer.lock'))).toBe(false);
      losses.push(...lossesOf(events));
    }
    const rest = await train(...command, '--json');
    expect([rest.code, rest.stderr]).toEqual([0, '']);
    const events = parse(rest.stdout);
    expect(events[0]).toMatchObject({ kind: 'start', resumedFrom: expect.stringMatching(/step-000000\d\d$/) });
    expect(events.at(-1)).toEqual({ kind: 'end', step: STEPS, interrupted: false });
    losses.push(...lossesOf(events));
    expect(losses).toEqual(lossesOf(await readMetrics(whole)));
    for (const file of ['model.safetensors', 'optimizer.safetensors'])
      expect(readFileSync(join(last(out), file)).equals(readFileSync(join(last(whole), file)))).toBe(true);
  });

  test('whose reader goes away writes a checkpoint as well', async () => {
    const out = join(folder, 'unread');
    const command = ['--out', out, '--steps', '500'];
    const { code, stderr } = await trainUntil(0, (child) => child.stdout?.destroy(), command);
    expect(code).toBe(141);
    expect(stderr).toMatch(/^minillm: stopping after writing a checkpoint.*\n$/);
    expect(readdirSync(out).filter((name) => name.startsWith('step-'))).toHaveLength(1);
  });

  test('a second signal ends at once', async () => {
    const out = join(folder, 'ended');
    const twice = (child: ReturnType<typeof spawn>): void => {
      child.stderr?.once('data', () => child.kill('SIGINT'));
      child.kill('SIGINT');
    };
    const { code } = await trainUntil(1, twice, ['--out', out, '--steps', '500']);
    expect(code).toBe(130);
  });
});

describe('settings', () => {
  const print = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await minillm('train', ...args, '--print-config');
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const file = (settings: unknown): string => {
    const path = join(temporaryFolder(), 'c.json');
    writeFileSync(path, JSON.stringify(settings));
    return path;
  };

  test('--print-config prints them all and trains nothing', async () => {
    const out = join(folder, 'unborn');
    const settings = await print('--data', data, '--out', out, '--preset', 'tiny', '--total-batch-size', '2k');
    expect(settings).toMatchObject({ data, out, preset: 'tiny', batchSize: 8, totalBatchSize: 2000, steps: 400 });
    expect(settings).toMatchObject({ learningRate: 6e-3, warmupSteps: 150, shuffle: true });
    expect(existsSync(out)).toBe(false);
    expect(await print('--config', file(settings))).toEqual(settings);
  });

  test('the warm-up is a tenth of the run, but that of tiny, which is not stable with less, is as long in a short run', async () => {
    const run = ['--data', data, '--out', 'x', '--steps', '30'];
    expect(await print(...run, '--preset', 'gpt2-124m')).toMatchObject({ warmupSteps: 3 });
    expect(await print(...run, '--preset', 'tiny')).toMatchObject({ warmupSteps: 150 });
  });

  test('of a file are named as they are or as flags; flags override them, and they override the preset', async () => {
    const path = file({ data, out: 'x', preset: 'tiny', lr: 1e-3, 'min-lr': 1e-5, steps: 7, shuffle: false });
    expect(await print('--config', path)).toMatchObject({ learningRate: 1e-3, minLearningRate: 1e-5, shuffle: false });
    const flags = ['--steps', '9', '--shuffle', '--eval-tokens', '1M'];
    expect(await print('--config', path, ...flags)).toMatchObject({ steps: 9, shuffle: true, evalTokens: 1_000_000 });
    expect(await print('--config', file({ data, out: 'x', preset: 'tiny' }), '--no-shuffle')).toMatchObject({
      shuffle: false,
    });
  });

  test.each([
    [{ learning_rate: 1 }, 'unknown setting "learning_rate"; did you mean learningRate?'],
    [{ banana: 1 }, 'unknown setting "banana"; `minillm train --help` lists them'],
    [{ lr: 1, learningRate: 1 }, 'learningRate is given twice, by its name and by its flag name; remove one'],
    [{ steps: '3' }, 'steps: expected number, found "3"'],
    [{ steps: 0 }, 'steps: Too small: expected number to be >=1, found 0'],
    [{ preset: 'gpt2-124' }, /: preset: expected one of .*, found "gpt2-124"; did you mean "gpt2-124m"\?$/],
    [[], 'expected record, found an array'],
  ])('%j in a file is refused', async (settings, message) => {
    const path = file(settings);
    const { code, stdout, stderr } = await train('--out', join(folder, 'unborn'), '--config', path);
    expect([code, stdout]).toEqual([1, '']);
    if (typeof message === 'string') expect(stderr).toBe(`minillm: ${path}: ${message}\n`);
    else expect(stderr.trim()).toMatch(message);
  });

  test.each([
    [['--btach-size', '2'], "unknown option '--btach-size' (Did you mean --batch-size?)"],
    [
      ['--precision', 'int8'],
      /'int8' is invalid\. Allowed choices are fp32, bf16\. \(int8 is for sample, serve and eval; .*\)$/,
    ],
    [['--preset', 'gpt2-124'], /'gpt2-124' is invalid\. Allowed choices are tiny, .*\. \(Did you mean gpt2-124m\?\)$/],
    [['--steps', '0'], "option '--steps <number>' argument '0' is invalid. Expected a whole number from 1."],
    [['--lr', '0'], "option '--lr <number>' argument '0' is invalid. Expected a number above 0."],
    [['--eval-tokens', 'all'], /Expected a whole number from 1, such as 250000 or 10M\.$/],
  ])('%j is a usage error', async (flags, message) => {
    const { code, stdout, stderr } = await train('--out', join(folder, 'unborn'), ...flags);
    expect([code, stdout]).toEqual([2, '']);
    if (typeof message === 'string') expect(stderr).toBe(`minillm: ${message}\n`);
    else expect(stderr.trim()).toMatch(message);
  });

  test('the help shows the defaults of the preset tiny beside those of the others', async () => {
    const { stdout } = await minillm('train', '--help');
    const help = stdout.replace(/\s+/g, ' ');
    expect(help).toContain('(default: 19073; tiny: 400)');
    expect(help).toContain('at most 715; tiny: 150)');
    expect(help).toContain('--sample-prompt <text>');
    expect(help).toContain('--no-shuffle');
  });
});
