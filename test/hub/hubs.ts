/** @file Hubs for tests: a server that misbehaves, and a client that does not wait long. */

import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { Hub } from '#minillm/hub/hub.js';
import { findRepository, type HubFile, type Repository } from '#minillm/hub/repository.js';
import { type FakeHub, type FakeHubOptions, startFakeHub } from './fake-hub.ts';

/** A server that is closed when the running test ends. */
export async function fakeHub(
  files: Readonly<Record<string, Buffer | string>>,
  options: Partial<FakeHubOptions> = {},
): Promise<FakeHub> {
  const contents = new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)]));
  const server = await startFakeHub({ files: contents, repository: 'owner/name', kind: 'dataset', ...options });
  onTestFinished(() => server.close());
  return server;
}

/** A client that waits 1 ms where others wait half a second. */
export function hubAt(server: Pick<FakeHub, 'url'>, options: Partial<Hub> = {}): Hub {
  const patience = { tries: 4, firstWaitMilliseconds: 1, silenceMilliseconds: 30_000 };
  return { url: server.url, token: undefined, isOffline: false, patience, ...options };
}

/** The repository of a server. */
export function repositoryAt(hub: Hub, kind: 'dataset' | 'model' = 'dataset'): Promise<Repository> {
  return findRepository(hub, { kind, name: 'owner/name' }, { signal: NEVER });
}

/** A file as a listing gives it. */
export function listed(path: string, content: Buffer): HubFile {
  const hex = createHash('sha256').update(content).digest('hex');
  return { path, bytes: content.length, checksum: { algorithm: 'sha256', hex } };
}

/** Bytes that differ from one another and from seed to seed. */
export function someBytes(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** A signal that never comes. */
export const NEVER = new AbortController().signal;
