/**
 * @file Files that are read one after another, downloaded a little ahead of the reader. Their number and their bytes are
 * limited until the reader releases them; a file that the reader asks for is fetched regardless.
 */

import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exists, move, remove } from '../support/files.ts';
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
  /** The most bytes that files fetched ahead may take there, with those not yet released. */
  readonly bytes: number;
  /** A folder on the same disk, shared with other processes: searched first, and nothing in it is ever removed. */
  readonly keptFolder?: string;
  /** Whether files move there when they are read. */
  readonly keep?: boolean;
}

export interface FetchOptions {
  /** Until the next `fetch`, aborting it ends all downloads of the window, those ahead of the reader included. */
  readonly signal: AbortSignal;
  /** Called with the bytes of the file downloaded so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** A file that is downloaded or being downloaded. */
interface Place {
  readonly path: Promise<string>;
  /** The progress callbacks of those that wait for it. */
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
    if (this.#isOwn(path)) await remove(path);
    this.#prefetch();
  }

  /** Ends every download; what has been received is kept for the next time. */
  async close(): Promise<void> {
    this.#follow(undefined);
    this.#abort.abort(new Error('the window was closed'));
    await Promise.allSettled([...this.#places.values()].map(({ path }) => path));
  }

  /** Stops on this signal from now on, and no longer on the one before it. */
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
    // the next to ask tries again
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
    await move(path, kept);
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
