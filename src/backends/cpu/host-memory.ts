/** @file How much memory a new run may take on this machine, or in this container. */

import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';

/** Share of a Mac's memory that a process can have: macOS counts as free only memory that has never been used. */
const MAC_SHARE = 0.75;

/** Total bytes, and bytes available to a new run: what the system can give without swapping, file caches included. */
export function hostMemory(): { readonly total: number; readonly available: number } {
  if (process.platform === 'darwin') return { total: totalmem(), available: MAC_SHARE * totalmem() };
  const limit = cgroupLimit();
  const free = freemem();
  if (!limit) return { total: totalmem(), available: free };
  return { total: Math.min(totalmem(), limit.total), available: Math.min(free, limit.available) };
}

/** The limit of the control group (version 2) that a container runs in. */
function cgroupLimit(): { total: number; available: number } | undefined {
  const read = (name: string): string => readFileSync(`/sys/fs/cgroup/${name}`, 'utf8');
  try {
    const total = Number(read('memory.max'));
    if (!Number.isFinite(total)) return undefined;
    const statistics = new Map(
      read('memory.stat')
        .split('\n')
        .map((line) => line.split(' '))
        .map(([name = '', bytes]) => [name, Number(bytes)]),
    );
    const cached = (statistics.get('inactive_file') ?? 0) + (statistics.get('active_file') ?? 0);
    return { total, available: total - Number(read('memory.current')) + cached };
  } catch {
    return undefined; // there is no such group
  }
}
