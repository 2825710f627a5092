/** @file The rounds of a work: every contender once a round, one after the other, so that all see the same machine. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Command, Contender } from './contenders.ts';
import { type Report, readReport } from './report.ts';

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

/** Runs a work in a process of its own and reads what it printed; `signal` ends it. */
export async function runProcess({ command, args }: Command, signal: AbortSignal): Promise<Report> {
  const { stdout } = await run(command, args, { maxBuffer: 2 ** 26, signal });
  return readReport(stdout);
}

function lastLine(cause: unknown): string {
  const said = (cause as { stderr?: string }).stderr?.trim() || String(cause);
  return said.split('\n').at(-1) ?? '';
}
