/** `minillm train` as several ranks, over each MPI that is installed. */

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listCheckpoints } from '#minillm/runs/checkpoints.js';
import { readMetrics } from '#minillm/runs/metrics.js';
import { findRanks, installedMpis, type Mpi, type Ranks, startRanks } from '../distributed/mpirun.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { FIXTURE, fixtureShards } from '../train/run-on.ts';

const BIN = fileURLToPath(new URL('../../bin/minillm.js', import.meta.url));
const STEPS = 20;
/** Of a run that is disturbed: enough for it to be still under way. */
const LONG = 120;
const MINUTES = 60_000;

/** What all tests read, made once. */
const shared = mkdtempSync(join(tmpdir(), 'minillm-ranks-'));
const data = join(shared, 'data');
beforeAll(async () => {
  mkdirSync(data);
  await fixtureShards(data);
});
afterAll(() => rmSync(shared, { recursive: true }));

/** A command line of `train`: the fixture's model, 4 × 24 tokens a step, fp32 on one thread. */
function command(out: string, ...more: string[]): string[] {
  const flags = {
    data,
    out,
    init: FIXTURE,
    'batch-size': '1',
    'total-batch-size': '96',
    steps: `${STEPS}`,
    lr: '6e-4',
    threads: '1',
    'eval-every': '10',
    'sample-every': '0',
    'checkpoint-every': '0',
  };
  return [BIN, 'train', ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]), ...more];
}

/** How ranks share the work: all over one MPI, the last over every other, whose collectives have tests of their own. */
const DIVISIONS = [
  { size: 2, zero: '0' },
  { size: 4, zero: '0' },
  { size: 2, zero: '1' },
  { size: 4, zero: '1' },
];

const folder = (): string => join(temporaryFolder(), 'run');

async function losses(out: string): Promise<number[]> {
  return (await readMetrics(out)).flatMap((line) => (line.kind === 'train' ? [line.loss] : []));
}

async function validationLosses(out: string): Promise<(number | undefined)[]> {
  return (await readMetrics(out)).flatMap((line) => (line.kind === 'eval' ? [line.validationLoss] : []));
}

/** What the ranks have said of errors, without what `mpirun` adds. */
function complaints({ output }: Ranks): string[] {
  return output.stderr.split('\n').filter((line) => line.startsWith('minillm:'));
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  // float32 gradients are added in another order
  found.forEach(
    (loss, step) => void expect(Math.abs(loss / (expected[step] ?? 0) - 1), `step ${step}`).toBeLessThan(1e-5),
  );
}

async function until(condition: () => boolean, ranks: Ranks): Promise<void> {
  let hasEnded = false;
  void ranks.ended.then(() => {
    hasEnded = true;
  });
  while (!condition()) {
    if (hasEnded) throw new Error(`the ranks have ended: ${ranks.output.stderr}`);
    await sleep(50);
  }
}

describe.runIf(installedMpis.length > 0)('ranks', () => {
  const [alone, aloneForLong] = [join(shared, 'alone'), join(shared, 'alone-for-long')];
  beforeAll(async () => {
    await promisify(execFile)(process.execPath, command(alone));
    await promisify(execFile)(process.execPath, command(aloneForLong, '--steps', `${LONG}`));
  }, 2 * MINUTES);

  describe.each(installedMpis)('over $name', (mpi) => {
    test.each(mpi === installedMpis[0] ? DIVISIONS : DIVISIONS.slice(-1))(
      '$size with ZeRO $zero have the losses of one that accumulates',
      { timeout: 5 * MINUTES },
      async ({ size, zero }) => {
        const out = folder();
        const ranks = startRanks(mpi, size, command(out, '--zero', zero, '--check-replicas', '10'));
        expect(await ranks.ended, ranks.output.stderr).toBe(0);
        expectClose(await losses(out), await losses(alone));
        const [first, ...rest] = await validationLosses(out);
        const [expected, ...others] = await validationLosses(alone);
        expect(first, 'before the first update, to the bit').toBe(expected);
        expectClose(rest as number[], others as number[]);
        expect(ranks.output.stdout.match(/^step 7 \|/gm), 'one rank prints').toHaveLength(1);
      },
    );

    test('one that is killed ends all; the same command resumes', { timeout: 5 * MINUTES }, async () => {
      const out = folder();
      const args = command(out, '--steps', `${LONG}`, '--checkpoint-every', '10');
      const ranks = await started(mpi, out, args);
      kill(ranks.mark, 2, 'SIGKILL');
      expect(await ranks.ended).not.toBe(0);
      await allGone(ranks.mark);
      const again = startRanks(mpi, 4, args);
      expect(await again.ended, again.output.stderr).toBe(0);
      expect(again.output.stdout).toMatch(/resumed at step \d+/);
      expectClose(await losses(out), await losses(aloneForLong));
    });

    test('one that is stopped is named, and all end', { timeout: 5 * MINUTES }, async () => {
      const out = folder();
      const ranks = await started(
        mpi,
        out,
        command(out, '--steps', '100000', '--checkpoint-every', '10', '--rank-timeout', '5'),
      );
      kill(ranks.mark, 2, 'SIGSTOP');
      expect(await ranks.ended).not.toBe(0);
      expect(complaints(ranks).join('\n')).toMatch(
        /^minillm: rank 0 on \S+: (step \d+: )?rank 2 on \S+ has not answered for 5 s/,
      );
      await allGone(ranks.mark);
    });

    test('one that is asked to stop stops all, after one checkpoint', { timeout: 5 * MINUTES }, async () => {
      const out = folder();
      const ranks = await started(mpi, out, command(out, '--steps', '100000', '--checkpoint-every', '0'), 0);
      kill(ranks.mark, 3, 'SIGTERM');
      expect(await ranks.ended, ranks.output.stderr).toBe(143);
      const [checkpoint, ...others] = await listCheckpoints(out);
      expect(others).toEqual([]);
      expect(await losses(out)).toHaveLength(checkpoint?.step ?? -1);
    });
  });

  const [mpi] = installedMpis as [Mpi];
  const endless = (out: string, ...more: string[]) => command(out, '--steps', '1000000', ...more);

  test('with Muon, whose matrices they share whole, ranks have the losses of one', { timeout: MINUTES }, async () => {
    const [one, two] = [folder(), folder()];
    const muon = ['--steps', '6', '--eval-every', '0', '--optimizer', 'muon'];
    await promisify(execFile)(process.execPath, command(one, ...muon));
    const ranks = startRanks(mpi, 2, command(two, ...muon, '--zero', '1', '--check-replicas', '2'));
    expect(await ranks.ended, ranks.output.stderr).toBe(0);
    const expected = await losses(one);
    expectClose(await losses(two), expected);
    const adamw = (await losses(alone)).slice(0, expected.length);
    expect(Math.abs((expected.at(-1) ?? 0) / (adamw.at(-1) ?? 0) - 1), 'Muon makes other updates').toBeGreaterThan(
      1e-3,
    );
  });

  test('the others name rank 0 when it is stopped', { timeout: MINUTES }, async () => {
    const out = folder();
    const ranks = await started(mpi, out, endless(out, '--rank-timeout', '4'), 0, 2);
    kill(ranks.mark, 0, 'SIGSTOP');
    expect(await ranks.ended).not.toBe(0);
    expect(complaints(ranks).join('\n')).toMatch(/^minillm: rank 1 on \S+: .*rank 0 on \S+ has not answered/);
    await allGone(ranks.mark);
  });

  test('a job that was paused as a whole goes on', { timeout: MINUTES }, async () => {
    const out = folder();
    const ranks = await started(mpi, out, endless(out, '--rank-timeout', '4'), 0, 2);
    for (const rank of [0, 1]) kill(ranks.mark, rank, 'SIGSTOP');
    await sleep(10_000);
    for (const rank of [1, 0]) kill(ranks.mark, rank, 'SIGCONT');
    const steps = (await losses(out)).length;
    while ((await losses(out)).length < steps + 50) await sleep(50);
    kill(ranks.mark, 1, 'SIGTERM');
    expect(await ranks.ended, ranks.output.stderr).toBe(143);
  });

  test('a second signal ends a rank that waits for another', { timeout: MINUTES }, async () => {
    const out = folder();
    const ranks = await started(mpi, out, endless(out), 0, 2);
    kill(ranks.mark, 1, 'SIGSTOP');
    kill(ranks.mark, 0, 'SIGTERM');
    await until(() => ranks.output.stderr.includes('again to quit now'), ranks);
    kill(ranks.mark, 0, 'SIGTERM');
    expect(await ranks.ended).not.toBe(0);
    await allGone(ranks.mark);
  });

  test('a run goes on as fewer ranks', { timeout: 5 * MINUTES }, async () => {
    const out = folder();
    const steps = ['--steps', `${LONG}`];
    for (const [size, last] of [
      [4, 20],
      [2, 40],
    ] as const) {
      const ranks = startRanks(mpi, size, command(out, ...steps, '--zero', '1', '--checkpoint-every', '20'), {
        MARK: out,
      });
      await until(() => existsSync(join(out, `step-${`${last}`.padStart(8, '0')}`)), ranks);
      kill(`MARK=${out}`, 1, 'SIGTERM');
      await ranks.ended;
    }
    const end = await promisify(execFile)(process.execPath, command(out, ...steps));
    expect(end.stdout).toMatch(/resumed at step \d+/);
    expectClose(await losses(out), await losses(aloneForLong));
  });

  test('different settings are named, once', { timeout: MINUTES }, async () => {
    const out = folder();
    const [first, second] = [command(out), command(out, '--lr', '3e-4')];
    const ranks = startRanks(mpi, 1, [...first, ':', '-n', '1', process.execPath, ...second]);
    expect(await ranks.ended).toBe(1);
    expect(complaints(ranks)).toEqual([
      expect.stringMatching(
        /^minillm: expected all ranks to agree, but learningRate is 0\.0006 on rank 0 and 0\.0003 on rank 1; .*; start all ranks with the same command/,
      ),
    ]);
    expect(existsSync(out), 'nothing is left behind').toBe(false);
  });

  test('different data is named', { timeout: MINUTES }, async () => {
    const out = folder();
    const other = join(temporaryFolder(), 'data');
    await promisify(execFile)(process.execPath, [BIN, 'data', 'stories', '--stories', '50', '--out', other]);
    const ranks = startRanks(mpi, 1, [
      ...command(out),
      ':',
      '-n',
      '1',
      process.execPath,
      ...command(out, '--data', other),
    ]);
    expect(await ranks.ended).toBe(1);
    expect(complaints(ranks)[0]).toMatch(
      /data is "2 shards, 5500 \+ 500 tokens, checksum [0-9a-f]{8}" on rank 0 and .* on rank 1/,
    );
  });

  test('a batch that cannot be divided by the ranks is one error', { timeout: MINUTES }, async () => {
    const out = folder();
    const ranks = startRanks(mpi, 3, command(out));
    expect(await ranks.ended).toBe(1);
    expect(complaints(ranks)).toEqual([
      'minillm: --total-batch-size 96 is not a multiple of batch size 1 × sequence length 24 × 3 ranks = 72; the nearest that are: 72 or 144',
    ]);
    expect(existsSync(out), 'nothing is left behind').toBe(false);
  });

  test('without a compiler of MPI’s it is said what to install', { timeout: MINUTES }, async () => {
    const ranks = startRanks(mpi, 2, command(folder()), { MPICC: 'no-such-mpicc' });
    expect(await ranks.ended).not.toBe(0);
    expect(complaints(ranks)[0]).toMatch(
      /none was found \(tried no-such-mpicc\); install it \(Debian, Ubuntu: apt-get/,
    );
  });

  test('a launcher and a library that do not belong together are named', { timeout: MINUTES }, async () => {
    const [first, second] = installedMpis;
    if (!first || !second) return;
    const ranks = startRanks(first, 2, command(folder()), { MPICC: second.mpicc });
    expect(await ranks.ended).not.toBe(0);
    expect(complaints(ranks)[0]).toMatch(/started 2 ranks, but .*, which mpicc\S* links with, sees 1/);
  });

  test.each([
    { signals: ['SIGTERM'], expected: 143 },
    // as a batch script may repeat it
    { signals: ['SIGUSR1', 'SIGUSR1', 'SIGUSR1'], expected: 138 },
  ] as const)(
    '--processes starts ranks, and passes $signals on',
    { timeout: 2 * MINUTES },
    async ({ signals, expected }) => {
      const out = folder();
      const args = command(out, '--steps', '100000', '--processes', '2').filter(
        (arg, index, all) => arg !== '--threads' && all[index - 1] !== '--threads',
      );
      const running = promisify(execFile)(process.execPath, args);
      const ended = running.catch((cause: { code: number; stdout: string }) => cause);
      while (!existsSync(out) || (await losses(out)).length < 3) await sleep(50);
      for (const signal of signals) {
        running.child.kill(signal);
        // two that are pending at once are one
        await sleep(20);
      }
      const { code, stdout, stderr } = (await ended) as { code: number; stdout: string; stderr: string };
      expect(code).toBe(expected);
      expect(stderr).not.toContain('non-zero');
      expect(stdout).toMatch(/device: 2 ranks, each .*, 1 thread/);
      expect(stdout).toMatch(/stopped after \d+ of 100000 steps; the same command resumes/);
      expect(readdirSync(out).filter((name) => name.startsWith('step-'))).toHaveLength(1);
    },
  );
});

test.runIf(installedMpis.length > 0)('ranks end with the command that started them', { timeout: MINUTES }, async () => {
  const out = folder();
  const args = command(out, '--steps', '1000000', '--processes', '2');
  const running = execFile(process.execPath, args, { env: { ...process.env, MARK: out } });
  while (!existsSync(out) || (await losses(out)).length < 3) await sleep(50);
  running.kill('SIGKILL');
  await allGone(`MARK=${out}`);
});

test('more threads than cores are refused', async () => {
  const failing = promisify(execFile)(process.execPath, command(folder(), '--processes', '1', '--threads', '4000'));
  await expect(failing).rejects.toThrow(/--processes 1 with --threads 4000 needs 4000 cores, this machine grants \d+/);
});

test('more processes than cores are refused', async () => {
  const failing = promisify(execFile)(process.execPath, command(folder(), '--processes', '4000'));
  await expect(failing).rejects.toThrow(/--processes 4000 needs 4000 cores, this machine grants \d+; give at most \d+/);
});

test('a launcher that brings no MPI is told what does', async () => {
  const failing = promisify(execFile)(process.execPath, command(folder()), {
    env: { ...process.env, RANK: '0', WORLD_SIZE: '2' },
  });
  await expect(failing).rejects.toThrow(/torchrun started 2 ranks, but brings no MPI, .*mpirun -n 2 .*srun --mpi=pmix/);
});

interface MarkedRanks extends Ranks {
  readonly mark: string;
}

/** Ranks that have made their first checkpoint, or else their third step. */
async function started(
  mpi: Mpi,
  out: string,
  args: readonly string[],
  checkpoint = 10,
  size = 4,
): Promise<MarkedRanks> {
  const ranks = startRanks(mpi, size, args, { MARK: out });
  await until(
    () =>
      checkpoint > 0 ? existsSync(join(out, `step-000000${checkpoint}`)) : /^step 3 \|/m.test(ranks.output.stdout),
    ranks,
  );
  return { ...ranks, mark: `MARK=${out}` };
}

function kill(mark: string, rank: number, signal: NodeJS.Signals): void {
  const pid = findRanks(mark).get(rank);
  if (pid === undefined) throw new Error(`there is no rank ${rank}`);
  process.kill(pid, signal);
}

async function allGone(mark: string): Promise<void> {
  while (findRanks(mark).size > 0) await sleep(50);
}
