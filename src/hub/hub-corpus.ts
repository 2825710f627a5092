/** @file A data set of the hub as a corpus: its files listed at one commit, fetched a few ahead of the reader. */

import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { UserError } from '../support/errors.ts';
import { remove } from '../support/files.ts';
import { formatBytes } from '../support/format.ts';
import type { CorpusFiles } from './corpus-files.ts';
import { formatSource } from './corpus-source.ts';
import { DownloadWindow, FILES_AT_ONCE } from './download-window.ts';
import { type Hub, openHub } from './hub.ts';
import { ownFolder, repositoryFolder, writableHubCacheFolder } from './hub-cache.ts';
import { findRepository, type HubFile } from './repository.ts';
import { filesOfSubset } from './subset.ts';

/** Four files of FineWeb, of some 2.15 GB. */
const DEFAULT_CACHE_BYTES = 10e9;

export interface HubCorpusOptions {
  /** `OWNER/NAME` */
  readonly repository: string;
  readonly subset?: string | undefined;
  /** A branch, tag or commit; default `main`. */
  readonly revision?: string | undefined;
  /** Whether a path is a file of documents. */
  readonly textFiles?: (path: string) => boolean;
  /** Picks some of the files, in their order: this machine's part. */
  readonly choose?: ((files: readonly HubFile[]) => readonly HubFile[]) | undefined;
  /** Where downloads lie while they are needed; by default in the user's cache. */
  readonly cacheFolder?: string | undefined;
  /** The most bytes it may hold. */
  readonly cacheBytes?: number | undefined;
  /** Leaves the files in the cache, where the next build finds them. */
  readonly keepDownloads?: boolean | undefined;
  /** Default: as the environment says. */
  readonly hub?: Hub;
  /** Ends the listing; `fetch` takes its own. */
  readonly signal?: AbortSignal;
}

export interface HubCorpusFiles extends CorpusFiles {
  readonly commit: string;
  /** Ends downloads and releases the cache. What was fetched ahead is removed if the build is finished, else kept. */
  close(build?: { readonly finished: boolean }): Promise<void>;
}

const isParquetOrJsonLines = (path: string): boolean => /\.(parquet|jsonl(\.gz)?|json\.gz)$/.test(path);

/**
 * Lists the files of a data set; nothing is downloaded until it is fetched.
 * @throws UserError when there is no such data set, subset or revision (naming those there are), the hub refuses it or
 * cannot be reached, or the cache is smaller than the largest file.
 */
export async function hubCorpusFiles(options: HubCorpusOptions): Promise<HubCorpusFiles> {
  const { subset, revision, textFiles = isParquetOrJsonLines, cacheBytes = DEFAULT_CACHE_BYTES } = options;
  const { hub = await openHub(), signal = new AbortController().signal } = options;
  const repository = await findRepository(hub, { kind: 'dataset', name: options.repository }, { revision, signal });
  const listed = await filesOfSubset(hub, repository, { subset, textFiles, signal });
  const files = options.choose?.(listed) ?? listed;
  checkCache(files, cacheBytes);
  const cache = options.cacheFolder ?? (await writableHubCacheFolder(options.repository));
  const parent = join(repositoryFolder(cache, repository), repository.commit);
  const { folder, lock } = await ownFolder(parent);
  const window = new DownloadWindow({
    hub,
    repository,
    files,
    folder,
    bytes: cacheBytes,
    keptFolder: join(parent, 'kept'),
    keep: options.keepDownloads ?? false,
  });
  let cleared: Promise<void> | undefined;
  return {
    source: formatSource(repository, subset),
    commit: repository.commit,
    files: files.map(({ path, bytes, checksum: { algorithm, hex } }) => ({
      name: path,
      bytes,
      ...(algorithm === 'sha256' ? { sha256: hex } : {}),
    })),
    async fetch(index, fetching) {
      cleared ??= removeOthers(folder, files.slice(index, index + FILES_AT_ONCE));
      await cleared;
      return window.fetch(index, fetching);
    },
    release: (index) => window.release(index),
    async close({ finished } = { finished: false }) {
      await window.close();
      if (finished) await remove(folder);
      lock.release();
    },
  };
}

function checkCache(files: readonly HubFile[], cacheBytes: number): void {
  let largest = files[0];
  for (const file of files) if (file.bytes > (largest?.bytes ?? 0)) largest = file;
  if (largest === undefined || largest.bytes <= cacheBytes) return;
  throw new UserError(
    `the cache for downloads: expected room for the largest file, ${largest.path} with ${formatBytes(largest.bytes)}, found ${formatBytes(cacheBytes)}; allow more`,
  );
}

/** Removes what an earlier process left in its window, except what is needed first. */
async function removeOthers(folder: string, needed: readonly HubFile[]): Promise<void> {
  const paths = new Set(needed.map(({ path }) => path));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).split(sep).join('/');
    if (entry.isFile() && !paths.has(name.replace(/\.partial$/, ''))) await remove(path);
  }
}
