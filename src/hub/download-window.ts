/**
 * @file Files that are read one after the other, downloaded a little ahead of the reader: at most so many files and so many
 * bytes lie here that have not been released. What the reader asks for is fetched in any case.
 */

import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exists } from '../support/files.ts';
import { download } from './download.ts';
import type { Hub } from './hub.ts';
import type { HubFile, Repository } from './repository.ts';

/** Files downloaded at the same time: the one the reader waits for and those after it. */
export const FILES_AT_ONCE = 4;

export interface WindowOptions {
  readonly hub: Hub;
  readonly repository: Repository;
  /** In the order in which they are read. */
  readonly files: readonly HubFile[];
  /** Where they go, each under its path in the repository. No other process may write there. */
  readonly folder: string;
  /** Most bytes that lie there, but for files that the reader asked for. */
  readonly bytes: number;
  /** A folder on the same disk, shared with other processes, that is looked into first and never removed from. */
  readonly keptFolder?: string;
  /** Moves files there when they are read. */
  readonly keep?: boolean;
}

export interface FetchOptions {
  /** Ends all downloads of the window, those ahead of the reader too, whenever it is aborted before the next `fetch`. */
  readonly signal: AbortSignal;
  /** Called with the bytes of the file downloaded so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** A file that is here or on its way. */
interface Place {
  readonly path: Promise<string>;
  /** Of those that wait for it. */
  readonly listeners: Set<(bytes: number) => void>;
}

export class DownloadWindow {
  readonly #options: WindowOptions;
  readonly #places = new Map<number, Place>();
  readonly #stop = (): void => this.#abort.abort(this.#followed?.reason);
  #abort = new AbortController();
  #followed: AbortSignal | undefined;
  #next = 0;

  constructor(options: WindowOptions) {
    this.#options = options;
  }

  /** The path of file `index`, once it is here and verified; see `download`. */
  async fetch(index: number, { signal, onProgress }: FetchOptions): Promise<string> {
    signal.throwIfAborted();
    this.#follow(signal);
    const place = this.#start(index);
    if (onProgress) place.listeners.add(onProgress);
    this.#next = index + 1;
    this.#prefetch();
    const path = await place.path;
    this.#prefetch();
    return this.#options.keep ? await this.#keep(index, path) : path;
  }

  /** Removes file `index`, unless it is kept; the window moves on. */
  async release(index: number): Promise<void> {
    const place = this.#places.get(index);
    if (place === undefined) return;
    const path = await place.path;
    this.#places.delete(index);
    if (this.#isOwn(path)) await rm(path, { force: true });
    this.#prefetch();
  }

  /** Ends every download; what has come of it is there for the next time. */
  async close(): Promise<void> {
    this.#follow(undefined);
    this.#abort.abort(new Error('the window was closed'));
    await Promise.allSettled([...this.#places.values()].map(({ path }) => path));
  }

  /** Stops when this signal says so, and no longer when an earlier one does. */
  #follow(signal: AbortSignal | undefined): void {
    this.#followed?.removeEventListener('abort', this.#stop);
    this.#followed = signal;
    signal?.addEventListener('abort', this.#stop);
  }

  #start(index: number): Place {
    const known = this.#places.get(index);
    if (known) return known;
    const file = this.#options.files[index];
    if (file === undefined) throw new RangeError(`no file ${index} of ${this.#options.files.length}`);
    if (this.#abort.signal.aborted) this.#abort = new AbortController();
    const listeners: Place['listeners'] = new Set();
    const place = { path: this.#get(file, listeners, this.#abort.signal), listeners };
    this.#places.set(index, place);
    // whoever asks next tries again
    place.path.catch(() => this.#places.get(index) === place && this.#places.delete(index));
    return place;
  }

  async #get(file: HubFile, listeners: Place['listeners'], signal: AbortSignal): Promise<string> {
    const { hub, repository, folder, keptFolder } = this.#options;
    const onProgress = (bytes: number): void => {
      for (const listener of listeners) listener(bytes);
    };
    const kept = keptFolder && join(keptFolder, file.path);
    if (kept && (await exists(kept))) {
      onProgress(file.bytes);
      return kept;
    }
    const path = join(folder, file.path);
    await download(hub, repository, file, path, { signal, onProgress });
    return path;
  }

  async #keep(index: number, path: string): Promise<string> {
    const { files, keptFolder = '' } = this.#options;
    if (!this.#isOwn(path)) return path;
    const kept = join(keptFolder, files[index]?.path ?? '');
    await mkdir(dirname(kept), { recursive: true });
    await rename(path, kept);
    this.#places.set(index, { path: Promise.resolve(kept), listeners: new Set() });
    return kept;
  }

  #isOwn(path: string): boolean {
    return path.startsWith(join(this.#options.folder, '/'));
  }

  /** Starts downloads of the files after the one last asked for, as far as the window reaches. */
  #prefetch(): void {
    const { files, bytes } = this.#options;
    let held = 0;
    for (const index of this.#places.keys()) held += files[index]?.bytes ?? 0;
    for (let index = this.#next; index < Math.min(files.length, this.#next + FILES_AT_ONCE - 1); index++) {
      if (this.#places.has(index)) continue;
      held += files[index]?.bytes ?? 0;
      if (held > bytes || this.#abort.signal.aborted) return;
      this.#start(index);
    }
  }
}
