/** @file Where downloads lie: `CACHE/hub/datasets--OWNER--NAME/COMMIT`. */

import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder, writableCacheFolder } from '../support/cache.ts';
import { fileError } from '../support/files.ts';
import { type ProcessLock, tryLock } from '../support/process-lock.ts';
import type { RepositoryName } from './repository.ts';

const POLL_MILLISECONDS = 500;

/** The folder of earlier downloads; it may be read-only. */
export async function hubCacheFolder(): Promise<string> {
  return join(await cacheFolder(), 'hub');
}

/** The folder to download `what` to, in words; whoever writes to it makes it. */
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
 * The first of `window-0`, `window-1`, … in `parent` that no other process holds: what a killed process left is found again,
 * and processes that run at the same time do not collide.
 */
export async function ownFolder(parent: string): Promise<OwnFolder> {
  await makeFolder(parent);
  for (let number = 0; ; number++) {
    const folder = join(parent, `window-${number}`);
    const { lock } = tryLock(`${folder}.lock`);
    if (lock) return { folder, lock };
  }
}

/** Takes a lock file once no other process holds it; its folder is made if it is missing. */
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
