/**
 * @file One process at a time: a lock file names the process that holds it. A holder that died without releasing it is
 * detected: on this host by its pid and start time (pids are reused), on another by a lock that is no longer touched.
 */

import { constants, copyFileSync, linkSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { fileError, removeSync, temporaryPath } from './files.ts';
import { readRegularFileSync } from './regular-file.ts';

const TOUCH_MILLISECONDS = 20_000;
/** More than a lock, or a line of /proc, takes. */
const MAX_BYTES = 4096;
/** A lock of another host that has not been touched for this long is stale. */
const STALE_MILLISECONDS = 180_000;

const holderSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** Clock ticks between the host's start and the process's; null where the system does not say. */
  startTime: z.string().nullable(),
});
type Holder = z.output<typeof holderSchema>;

/** A held lock. */
export interface ProcessLock {
  /** Releases it; calling it again does nothing. */
  release(): void;
}

/** The lock, or who holds it: `process 1234`, `process 1234 on node-9 (…)`. */
export type LockAttempt = { readonly lock: ProcessLock } | { readonly lock: undefined; readonly holder: string };

/**
 * Takes the lock file `path`, whose folder must exist, unless a process that is alive holds it.
 * @throws UserError when the system refuses.
 */
export function tryLock(path: string): LockAttempt {
  const own: Holder = { pid: process.pid, host: hostname(), startTime: readStartTime(process.pid) };
  const content = JSON.stringify(own);
  const draft = temporaryPath(path);
  try {
    writeFileSync(draft, content);
    const holder = appears(draft, path) ? undefined : takeOver(draft, path);
    if (holder !== undefined) return { lock: undefined, holder };
  } catch (cause) {
    throw fileError(path, 'write it', cause);
  } finally {
    removeSync(draft);
  }
  const touching = setInterval(() => touch(path), TOUCH_MILLISECONDS);
  touching.unref();
  const release = (): void => {
    clearInterval(touching);
    if (readText(path) === content) removeSync(path);
  };
  return { lock: { release } };
}

/** Makes `path` appear with all of the draft's content; false when there is something at `path`. */
function appears(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (cause) {
    if (isCode(cause, 'EEXIST')) return false;
    // the last is what Windows says of FAT
    if (!isCode(cause, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EISDIR')) throw cause;
  }
  try {
    // a disk without hard links
    copyFileSync(draft, path, constants.COPYFILE_EXCL);
    return true;
  } catch (cause) {
    if (isCode(cause, 'EEXIST')) return false;
    throw cause;
  }
}

/**
 * Replaces a lock whose holder is gone; returns the holder when it is not. The old lock is renamed, not removed: of several
 * processes only one gets it, and one that was late and got the lock of a quicker one notices and gives it back. A process
 * killed in between leaves a temporary file at most.
 */
function takeOver(draft: string, path: string): string | undefined {
  const stale = readText(path);
  const holder = lockHolder(path);
  if (holder !== undefined) return holder;
  const taken = temporaryPath(path);
  const isTaken = moves(path, taken);
  try {
    if (isTaken && readText(taken) !== stale) appears(taken, path);
  } finally {
    removeSync(taken);
  }
  return appears(draft, path) ? undefined : 'another process that is just starting';
}

/** Renames a file; false when there is none. */
function moves(path: string, other: string): boolean {
  try {
    renameSync(path, other);
    return true;
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return false;
    throw cause;
  }
}

/** The living process that holds the lock, in words. */
export function lockHolder(path: string): string | undefined {
  const holder = parseHolder(readText(path));
  // gone meanwhile, or empty: a lock appears with its content, so the host went down before that reached the disk
  if (holder === undefined) return undefined;
  if (holder.host === hostname()) return isRunning(holder) ? `process ${holder.pid}` : undefined;
  if (untouchedMilliseconds(path) > STALE_MILLISECONDS) return undefined;
  const minutes = STALE_MILLISECONDS / 60_000;
  return `process ${holder.pid} on ${holder.host} (if it is gone, its lock is taken over after ${minutes} minutes)`;
}

function parseHolder(text: string | undefined): Holder | undefined {
  if (text === undefined) return undefined;
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function isRunning({ pid, startTime }: Holder): boolean {
  if (startTime !== null) return readStartTime(pid) === startTime;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return isCode(cause, 'EPERM');
  }
}

/**
 * The start time of a running process in clock ticks: field 22 of `/proc/PID/stat` (proc_pid_stat(5)); null for a process
 * that has ended, and where the system has no such file.
 */
function readStartTime(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`);
  // the second field is the program's name in parentheses, which may itself hold spaces and parentheses
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const hasEnded = fields[0] === 'Z' || fields[0] === 'X';
  return hasEnded ? null : (fields[19] ?? null);
}

function untouchedMilliseconds(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 0 : Date.now() - stats.mtimeMs;
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // the folder is gone; the next write to it will say so
  }
}

function readText(path: string): string | undefined {
  try {
    return readRegularFileSync(path, MAX_BYTES).toString();
  } catch (cause) {
    if (isCode(cause, 'ENOENT', 'ESRCH')) return undefined;
    throw cause;
  }
}

function isCode(cause: unknown, ...codes: string[]): boolean {
  return cause instanceof Error && 'code' in cause && codes.includes(String(cause.code));
}
