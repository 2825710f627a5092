/** `minillm train` over two hosts joined by a cable, which may be slow, or pulled out. */

import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { readMetrics } from '#minillm/runs/metrics.js';
import { findRanks, installedMpis, type Mpi } from '../distributed/mpirun.ts';
import { makeHosts, type TwoHosts, whyNoHosts } from '../distributed/two-hosts.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { FIXTURE, fixtureShards } from '../train/run-on.ts';

const BIN = fileURLToPath(new URL('../../bin/minillm.js', import.meta.url));
const MINUTES = 60_000;
/** To compare losses. */
const STEPS = 200;
/** Enough for a run to be still under way when the cable is pulled out. */
const MANY_STEPS = 3000;
const RANK_TIMEOUT = 3;

const reason = installedMpis.length === 0 ? 'no MPI is installed' : whyNoHosts();
if (reason !== undefined) test.skip(`nothing is tested over two hosts: ${reason}`, () => {});

describe.skipIf(reason !== undefined)('two hosts', () => {
  const shared = mkdtempSync(join(tmpdir(), 'minillm-two-hosts-'));
  const [data, alone] = [join(shared, 'data'), join(shared, 'alone')];
  let hosts: TwoHosts;
  beforeAll(async () => {
    mkdirSync(data);
    await fixtureShards(data);
    await promisify(execFile)(process.execPath, command(alone, { steps: `${MANY_STEPS}` }));
  }, MINUTES);
  afterAll(() => rmSync(shared, { recursive: true }));
  beforeEach(() => {
    hosts = makeHosts();
  });
  afterEach(() => hosts.remove());

  function command(out: string, more: Readonly<Record<string, string>> = {}): string[] {
    const flags: Record<string, string> = {
      ...{
        data,
        out,
        init: FIXTURE,
        steps: `${STEPS}`,
        lr: '6e-4',
        'min-lr': '6e-4',
        'warmup-steps': '0',
        threads: '1',
      },
      ...{ 'batch-size': '1', 'total-batch-size': '96', 'eval-every': '0', 'sample-every': '0' },
      ...{ 'checkpoint-every': '0', 'rank-timeout': `${RANK_TIMEOUT}`, ...more },
    };
    return [BIN, 'train', ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])];
  }

  function start({ mpirun }: Mpi, args: readonly string[]) {
    const mark = `two-hosts-${Math.random()}`;
    const child: ChildProcess = hosts.start(mpirun, args, { MARK: mark });
    const output = { stdout: '', stderr: '' };
    child.stdout?.on('data', (bytes) => {
      output.stdout += String(bytes);
    });
    child.stderr?.on('data', (bytes) => {
      output.stderr += String(bytes);
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
      for (const pid of findRanks(`MARK=${mark}`).values()) process.kill(pid, 'SIGKILL');
    });
    return {
      process: child,
      output,
      mark: `MARK=${mark}`,
      ended: once(child, 'close').then(([code]) => code as number | null),
    };
  }

  async function losses(out: string): Promise<number[]> {
    return (await readMetrics(out)).flatMap((line) => (line.kind === 'train' ? [line.loss] : []));
  }

  async function expectLossesOfOne(out: string, steps: number): Promise<void> {
    const [found, expected] = [await losses(out), await losses(alone)];
    expect(found).toHaveLength(steps);
    found.forEach((loss, step) => {
      expect(Math.abs(loss / (expected[step] ?? 0) - 1), `step ${step}`).toBeLessThan(1e-5);
    });
  }

  describe.each(installedMpis)('over $name', (mpi) => {
    test.each(['0', '1'])('with ZeRO %s have the losses of one', { timeout: 2 * MINUTES }, async (zero) => {
      const out = join(temporaryFolder(), 'run');
      const ranks = start(mpi, command(out, { zero }));
      expect(await ranks.ended, ranks.output.stderr).toBe(0);
      await expectLossesOfOne(out, STEPS);
    });

    // MPICH's `mpirun` waits for the lost host without end
    test.runIf(mpi.name === 'Open MPI')(
      'a cable pulled out ends all by name; the same command resumes',
      {
        timeout: 3 * MINUTES,
      },
      async () => {
        const out = join(temporaryFolder(), 'run');
        const args = command(out, { steps: `${MANY_STEPS}`, 'checkpoint-every': '50' });
        const ranks = start(mpi, args);
        while (!existsSync(join(out, 'step-00000050'))) await sleep(10);
        hosts.cut();
        // each host's rank finds out by itself
        do await sleep(50);
        while (findRanks(ranks.mark).size > 0);
        expect(await ranks.ended).not.toBe(0);
        expect(ranks.output.stderr).toMatch(
          new RegExp(
            `^minillm: rank 0 on ${hosts.names[0]}: .*rank 1 on ${hosts.names[1]} has not answered for 3 s.*network is down`,
            'm',
          ),
        );
        hosts.mend();
        const again = start(mpi, args);
        expect(await again.ended, again.output.stderr).toBe(0);
        expect(again.output.stdout).toMatch(/resumed at step \d+/);
        await expectLossesOfOne(out, MANY_STEPS);
      },
    );
  });
});
