/**
 * @file How many threads can work at once: the processors that the system grants this process, as far as the quota of a
 * container allows.
 */

import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { posix } from 'node:path';

/** The text of a file; undefined where there is none. */
type ReadText = (path: string) => string | undefined;

const CGROUPS = '/sys/fs/cgroup';

/**
 * The processor time that Linux control groups allow, in processors: the smallest limit of the group and those around it;
 * undefined without a limit.
 *
 * @param read reads a file: `/proc/self/cgroup`, and the limits of version 2 (`cpu.max`) or 1 (`cpu.cfs_quota_us`)
 */
export function readQuota(read: ReadText): number | undefined {
  const groups = (read('/proc/self/cgroup') ?? '').trim().split('\n');
  const quotas = groups.flatMap((line) => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    const folders = path === '' ? [] : upward(path);
    if (controllers === '') return folders.map((folder) => quotaOfVersion2(read, posix.join(CGROUPS, folder)));
    if (!controllers.split(',').includes('cpu')) return [];
    return folders.map((folder) => quotaOfVersion1(read, posix.join(CGROUPS, controllers, folder)));
  });
  const limits = quotas.filter((quota) => quota !== undefined);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** A path and those of its parents; a container may see its own group at any of them. */
function upward(path: string): string[] {
  return path === '/' ? [path] : [path, ...upward(posix.dirname(path))];
}

/** `150000 100000`: microseconds of processor time, and of the period they are for; `max` for no limit. */
function quotaOfVersion2(read: ReadText, folder: string): number | undefined {
  const [quota, period] = (read(posix.join(folder, 'cpu.max')) ?? '').trim().split(' ');
  return share(Number(quota), Number(period));
}

/** The same in two files, with -1 for no limit. */
function quotaOfVersion1(read: ReadText, folder: string): number | undefined {
  return share(
    Number(read(posix.join(folder, 'cpu.cfs_quota_us'))),
    Number(read(posix.join(folder, 'cpu.cfs_period_us'))),
  );
}

function share(quota: number, period: number): number | undefined {
  return quota > 0 && period > 0 ? quota / period : undefined;
}

/** The quota of this process in processors, such as 1.5; undefined without one. */
export function processorQuota(): number | undefined {
  return readQuota((path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  });
}

/** As many threads as a quota keeps busy, rounded up, but no more than the processors that are granted. */
export function threadsFor(granted: number, quota: number | undefined): number {
  return Math.min(granted, Math.ceil(quota ?? granted));
}

/**
 * The threads worth starting in each of several processes of this machine: an equal share, unless their launcher has bound
 * each to processors of its own.
 */
export function threadsPerProcess(processes: number): number {
  const isBound = availableParallelism() < cpus().length;
  return isBound ? processorCount() : Math.max(1, Math.floor(processorCount() / processes));
}

/** The threads worth starting in this process; at least 1. */
export function processorCount(): number {
  return threadsFor(availableParallelism(), processorQuota());
}
