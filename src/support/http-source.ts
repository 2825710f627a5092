/**
 * @file A file behind an address as a source of bytes: read over `fetch` in slices, the next one while the last is used. A
 * server that answers a request for a range with the whole file is taken at its word, and the file is held in memory.
 */

import type { ByteSource } from './byte-source.ts';
import { messageOf, UserError } from './errors.ts';

/** Bytes of a slice. Two are held at a time. */
const SLICE_BYTES = 1 << 23;
/** The first request asks for so many, to learn the file's size. */
const FIRST_BYTES = 8;

export interface HttpSourceOptions {
  /**
   * Called as bytes arrive, with how many of the file there are so far. `size` is undefined while a server that knows no ranges
   * does not tell it.
   */
  readonly onProgress?: ((loaded: number, size: number | undefined) => void) | undefined;
}

/**
 * Opens the file behind an address.
 * @throws UserError when the server cannot be reached or has no such file, and when the connection is cut before the whole file
 * of a server without ranges is there.
 */
export async function openHttpSource(url: string, { onProgress }: HttpSourceOptions = {}): Promise<ByteSource> {
  const abort = new AbortController();
  const first = await request(url, abort.signal, { range: `bytes=0-${FIRST_BYTES - 1}` });
  const size = sizeInRange(first);
  if (size !== undefined) {
    await first.body?.cancel();
    return new HttpSource(url, size, versionOf(first), abort, onProgress);
  }
  const whole = first.status === 206 ? await requestWhole(first, url, abort.signal) : first;
  return download(whole, url, onProgress);
}

/** The file's size by a server that knows ranges; undefined where it knows none, or another origin may not see it. */
function sizeInRange({ status, headers }: Response): number | undefined {
  const size = /^bytes \d+-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  return status === 206 && size !== undefined ? Number(size) : undefined;
}

async function requestWhole(first: Response, url: string, signal: AbortSignal): Promise<Response> {
  await first.body?.cancel();
  return request(url, signal, {});
}

/** What changes when the file does, as far as the server tells. */
function versionOf({ headers }: Response): string | null {
  return headers.get('etag') ?? headers.get('last-modified');
}

async function request(url: string, signal: AbortSignal, headers: Readonly<Record<string, string>>): Promise<Response> {
  const response = await fetch(url, { signal, headers }).catch((cause: unknown) => {
    throw new UserError(`${url}: could not reach it (${reasonOf(cause)}); check the connection and try again`);
  });
  if (response.ok) return response;
  await response.body?.cancel();
  throw new UserError(`${url}: expected a file, found HTTP status ${response.status}; check the address`);
}

/** What the system said, which some engines only tell as the cause of another error. */
function reasonOf(error: unknown): string {
  return messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
}

function cut(url: string, loaded: number, size: number | undefined, cause: unknown): UserError {
  const all = size === undefined ? '' : ` of ${size}`;
  return new UserError(
    `${url}: the connection was cut after ${loaded}${all} bytes (${reasonOf(cause)}); check the connection and try again`,
  );
}

/** The pieces of a body. (Not every browser lets a stream be looped over.) */
async function* pieces(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) yield next.value;
}

/** Where a slice begins and ends. */
function sliceRange(index: number, size: number): { readonly start: number; readonly end: number } {
  const start = index * SLICE_BYTES;
  return { start, end: Math.min(start + SLICE_BYTES, size) };
}

/** Fills `target` from the slices that hold the bytes from `offset` on. */
async function readSlices(
  offset: number,
  target: Uint8Array,
  sliceAt: (index: number) => Uint8Array | Promise<Uint8Array>,
): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const index = Math.floor((offset + done) / SLICE_BYTES);
    const from = offset + done - index * SLICE_BYTES;
    const bytes = (await sliceAt(index)).subarray(from, from + target.length - done);
    target.set(bytes, done);
    done += bytes.length;
  }
}

class HttpSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #version: string | null;
  readonly #abort: AbortController;
  readonly #onProgress: HttpSourceOptions['onProgress'];
  /** By their index: the one read last and the one after it. */
  readonly #slices = new Map<number, Promise<Uint8Array>>();
  /** Bytes of each slice that have arrived, once or more often. */
  readonly #arrived = new Map<number, number>();
  #loaded = 0;

  constructor(
    url: string,
    size: number,
    version: string | null,
    abort: AbortController,
    onProgress: HttpSourceOptions['onProgress'],
  ) {
    this.name = url;
    this.size = size;
    this.#version = version;
    this.#abort = abort;
    this.#onProgress = onProgress;
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    if (offset + target.length > this.size)
      throw new RangeError(`bytes ${offset} to ${offset + target.length} of ${this.name}, which has ${this.size}`);
    await readSlices(offset, target, (index) => this.#sliceAt(index));
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.#slices.clear();
  }

  /** A slice; the one after it is on its way when this one is there. */
  #sliceAt(index: number): Promise<Uint8Array> {
    for (const held of this.#slices.keys()) if (held !== index && held !== index + 1) this.#slices.delete(held);
    const slice = this.#begin(index);
    if ((index + 1) * SLICE_BYTES < this.size) void slice.then(() => this.#begin(index + 1)).catch(() => {});
    return slice;
  }

  #begin(index: number): Promise<Uint8Array> {
    const held = this.#slices.get(index);
    if (held) return held;
    const slice = this.#fetch(index);
    this.#slices.set(index, slice);
    slice.catch(() => {
      if (this.#slices.get(index) === slice) this.#slices.delete(index);
    });
    return slice;
  }

  async #fetch(index: number): Promise<Uint8Array> {
    const { start, end } = sliceRange(index, this.size);
    const response = await request(this.name, this.#abort.signal, { range: `bytes=${start}-${end - 1}` });
    if (sizeInRange(response) !== this.size || versionOf(response) !== this.#version) {
      await response.body?.cancel();
      throw new UserError(`${this.name}: the file was changed while it was being read; try again`);
    }
    const slice = new Uint8Array(end - start);
    let filled = 0;
    try {
      for await (const piece of pieces(response.body)) {
        slice.set(piece, filled);
        filled += piece.length;
        this.#progress(index, filled);
      }
    } catch (cause) {
      throw cut(this.name, this.#loaded, this.size, cause);
    }
    if (filled < slice.length) throw cut(this.name, this.#loaded, this.size, 'the answer ended early');
    return slice;
  }

  #progress(index: number, arrived: number): void {
    const before = this.#arrived.get(index) ?? 0;
    if (arrived <= before) return;
    this.#arrived.set(index, arrived);
    this.#loaded += arrived - before;
    this.#onProgress?.(this.#loaded, this.size);
  }
}

/** Takes the whole file into memory. */
async function download(
  response: Response,
  url: string,
  onProgress: HttpSourceOptions['onProgress'],
): Promise<ByteSource> {
  const { headers } = response;
  // of the compressed file, where it is compressed
  const length = headers.has('content-encoding') ? null : headers.get('content-length');
  const expected = length === null ? undefined : Number(length);
  const slices: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of pieces(response.body)) {
      for (let done = 0; done < piece.length; ) {
        const within = size % SLICE_BYTES;
        if (within === 0) slices.push(new Uint8Array(SLICE_BYTES));
        const bytes = piece.subarray(done, done + SLICE_BYTES - within);
        slices.at(-1)?.set(bytes, within);
        done += bytes.length;
        size += bytes.length;
      }
      onProgress?.(size, expected);
    }
  } catch (cause) {
    throw cut(url, size, expected, cause);
  }
  return {
    name: url,
    size,
    read: (offset, target) => readSlices(offset, target, (index) => slices[index] ?? new Uint8Array(0)),
    close: async () => {
      slices.length = 0;
    },
  };
}
