/** @file The rounds of a work: every contender once a round, one after the other, so that all see the same machine. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf } from '#minillm/support/errors.js';
import type { Command, Contender } from './contenders.ts';
import { type Report, readReport } from './report.ts';
import { processorTime, untilStalled } from './stall.ts';

const run = promisify(execFile);

export interface Rounds {
  /** By contender, one place a round; undefined where it failed. */
  readonly reports: ReadonlyMap<string, readonly (Report | undefined)[]>;
  /** What those said that failed; they are not tried again. */
  readonly failures: ReadonlyMap<string, string>;
}

export async function measureInTurn(
  contenders: readonly Contender[],
  rounds: number,
  measure: (contender: Contender, round: number) => Promise<Report>,
): Promise<Rounds> {
  const reports = new Map(contenders.map(({ name }) => [name, [] as (Report | undefined)[]]));
  const failures = new Map<string, string>();
  for (let round = 0; round < rounds; round++)
    for (const contender of contenders) {
      const { name } = contender;
      const report = failures.has(name)
        ? undefined
        : await measure(contender, round).catch((cause: unknown) => {
            failures.set(name, lastLine(cause));
            return undefined;
          });
      reports.get(name)?.push(report);
    }
  return { reports, failures };
}

/** Between two looks at whether a process works, in milliseconds. */
const PATIENCE = 60_000;

/**
 * Runs a work in a process of its own and reads what it printed; `signal` ends it, and so does a time of `patience` in which it
 * uses no processor time. Where there is no `ps` to ask, it may take for ever.
 */
export async function runProcess(
  { command, args }: Command,
  signal: AbortSignal,
  patience = PATIENCE,
): Promise<Report> {
  const stalled = new AbortController();
  const ended = new AbortController();
  const running = run(command, args, { maxBuffer: 2 ** 26, signal: AbortSignal.any([signal, stalled.signal]) });
  untilStalled(() => processorTime(running.child.pid ?? 0), patience, ended.signal).then(
    () => stalled.abort(),
    () => undefined,
  );
  try {
    const { stdout } = await running;
    return readReport(stdout);
  } catch (cause) {
    if (!stalled.signal.aborted) throw cause;
    throw new Error(`it made no progress: no processor time in ${patience / 1000} s; it was ended`);
  } finally {
    ended.abort();
  }
}

function lastLine(cause: unknown): string {
  const said = (cause as { stderr?: string }).stderr?.trim() || messageOf(cause);
  return said.split('\n').at(-1) ?? '';
}
