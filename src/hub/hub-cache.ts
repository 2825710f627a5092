/** @file Where downloads lie: `CACHE/hub/datasets--OWNER--NAME/COMMIT`. */

import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder, writableCacheFolder } from '../support/cache.ts';
import { fileError } from '../support/files.ts';
import { type ProcessLock, tryLock } from '../support/process-lock.ts';
import type { RepositoryName } from './repository.ts';

const POLL_MILLISECONDS = 500;

/** The folder of what was downloaded, which perhaps cannot be written. */
export async function hubCacheFolder(): Promise<string> {
  return join(await cacheFolder(), 'hub');
}

/** The folder for downloads of this user, made by whoever writes to it; `what` is downloaded. */
export async function writableHubCacheFolder(what: string): Promise<string> {
  return join(await writableCacheFolder(what), 'hub');
}

/** A repository's folder in the cache. */
export function repositoryFolder(cache: string, { kind, name }: RepositoryName): string {
  return join(cache, `${kind}s--${name.replaceAll('/', '--')}`);
}

/** A folder that is this process's alone. */
export interface OwnFolder {
  readonly folder: string;
  readonly lock: ProcessLock;
}

/**
 * The first of `window-0`, `window-1`, … in `parent` that no other process has: what a killed process left is found again,
 * and processes at the same time do not meet.
 */
export async function ownFolder(parent: string): Promise<OwnFolder> {
  await makeFolder(parent);
  for (let number = 0; ; number++) {
    const folder = join(parent, `window-${number}`);
    const { lock } = tryLock(`${folder}.lock`);
    if (lock) return { folder, lock };
  }
}

/** Waits for a lock file, whose folder is made if need be, until no other process has it. */
export async function lockWhenFree(
  path: string,
  { signal, onWait }: { readonly signal: AbortSignal; readonly onWait: (holder: string) => void },
): Promise<ProcessLock> {
  await makeFolder(dirname(path));
  for (let isFirst = true; ; isFirst = false) {
    const attempt = tryLock(path);
    if (attempt.lock) return attempt.lock;
    if (isFirst) onWait(attempt.holder);
    await sleep(POLL_MILLISECONDS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw fileError(folder, 'write to it', cause);
  });
}
