/** @file What a process has used, as Linux reports it: CPU time and memory. On other systems, time on the clock counts. */

import { readdirSync, readFileSync } from 'node:fs';

/** Of `/proc/PID/stat`: clock ticks are hundredths of a second on every Linux that Node.js runs on. */
const MILLISECONDS_A_TICK = 10;

export interface ProcessUsage {
  /** Of all its threads, in user and kernel mode; undefined where the system does not say. */
  readonly cpuMilliseconds: number | undefined;
  /** In memory now; 0 where the system does not say. */
  readonly residentBytes: number;
  /** The most that was in memory at once. */
  readonly peakBytes: number;
}

/** What is known of a process; nothing of one that has ended. */
export function readUsage(pid: number): ProcessUsage {
  const stat = read(`/proc/${pid}/stat`);
  // the second field is the program's name in parentheses, which may itself hold spaces and parentheses
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const status = read(`/proc/${pid}/status`);
  const readBytes = (name: string): number =>
    1024 * Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  return {
    cpuMilliseconds: Number.isFinite(ticks) ? ticks * MILLISECONDS_A_TICK : undefined,
    residentBytes: readBytes('VmRSS'),
    peakBytes: readBytes('VmHWM'),
  };
}

/** Whether any thread of a process runs, would run if it were its turn, or waits for a disk. False where the system does not say. */
export function isWorking(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((thread) => {
      const stat = read(`/proc/${pid}/task/${thread}/stat`);
      return 'RD'.includes(stat.charAt(stat.lastIndexOf(')') + 2) || '-');
    });
  } catch {
    return false;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
