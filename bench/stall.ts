/** @file Whether a process still works: one that uses no processor time waits for what never comes. */

import { execFile } from 'node:child_process';
import { setInterval } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * The processor time of a process and of all that it started, as `ps` prints it, in whole seconds: equal texts mean that none
 * was used in between.
 */
export async function processorTime(root: number): Promise<string> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=', '-o', 'ppid=', '-o', 'time=']);
  const processes = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const family = new Set([`${root}`]);
  for (let known = 0; known < family.size; ) {
    known = family.size;
    for (const [pid = '', parent = ''] of processes) if (family.has(parent)) family.add(pid);
  }
  return processes
    .filter(([pid = '']) => family.has(pid))
    .map(([pid, , time]) => `${pid} ${time}`)
    .join();
}

/** Resolves once two looks, `milliseconds` apart, find the same. Rejects when the signal aborts, or when a look fails. */
export async function untilStalled(
  look: () => Promise<string>,
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  let before: string | undefined;
  for await (const _ of setInterval(milliseconds, undefined, { signal })) {
    const now = await look();
    if (now === before) return;
    before = now;
  }
}
