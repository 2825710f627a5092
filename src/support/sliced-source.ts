/** @file A source of bytes that come in slices: the next one is on its way while the last is used. */

import type { ByteSource } from './byte-source.ts';

/** Bytes of a slice. Two are held at a time. */
export const SLICE_BYTES = 1 << 23;

/** A file that is had in slices of `SLICE_BYTES`, the last of which may be shorter. */
export interface Slices {
  /** The path or address, for errors. */
  readonly name: string;
  /** Bytes of the file. */
  readonly size: number;
  /**
   * Reads a slice; the one before has been read or has failed.
   * @param onArrived called with how many bytes of the slice there are so far
   * @throws UserError when it cannot be had; a later call may succeed.
   */
  read(index: number, onArrived: (bytes: number) => void): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** Where a slice begins and ends in a file of so many bytes. */
export function sliceRange(index: number, size: number): { readonly start: number; readonly end: number } {
  const start = index * SLICE_BYTES;
  return { start, end: Math.min(start + SLICE_BYTES, size) };
}

export class SlicedSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #slices: Slices;
  readonly #onProgress: (loaded: number) => void;
  /** By their index: the one read last and the one after it. */
  readonly #held = new Map<number, Promise<Uint8Array>>();
  #last: Promise<unknown> = Promise.resolve();
  /** Bytes of each slice that have arrived, once or more often. */
  readonly #arrived = new Map<number, number>();
  #loaded = 0;

  /** @param onProgress called as bytes arrive, with how many of the file there are so far */
  constructor(slices: Slices, onProgress: (loaded: number) => void = () => {}) {
    this.name = slices.name;
    this.size = slices.size;
    this.#slices = slices;
    this.#onProgress = onProgress;
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    if (offset + target.length > this.size)
      throw new RangeError(`bytes ${offset} to ${offset + target.length} of ${this.name}, which has ${this.size}`);
    for (let done = 0; done < target.length; ) {
      const index = Math.floor((offset + done) / SLICE_BYTES);
      const from = offset + done - index * SLICE_BYTES;
      const bytes = (await this.#sliceAt(index)).subarray(from, from + target.length - done);
      target.set(bytes, done);
      done += bytes.length;
    }
  }

  async close(): Promise<void> {
    this.#held.clear();
    await this.#slices.close();
  }

  /** A slice; the one after it is on its way when this one is there. */
  #sliceAt(index: number): Promise<Uint8Array> {
    for (const held of this.#held.keys()) if (held !== index && held !== index + 1) this.#held.delete(held);
    const slice = this.#begin(index);
    if ((index + 1) * SLICE_BYTES < this.size) void slice.then(() => this.#begin(index + 1)).catch(() => {});
    return slice;
  }

  #begin(index: number): Promise<Uint8Array> {
    const held = this.#held.get(index);
    if (held) return held;
    const slice = this.#last.then(() => this.#slices.read(index, (bytes) => this.#count(index, bytes)));
    this.#held.set(index, slice);
    this.#last = slice.catch(() => {
      if (this.#held.get(index) === slice) this.#held.delete(index);
    });
    return slice;
  }

  #count(index: number, arrived: number): void {
    const before = this.#arrived.get(index) ?? 0;
    if (arrived <= before) return;
    this.#arrived.set(index, arrived);
    this.#loaded += arrived - before;
    this.#onProgress(this.#loaded);
  }
}
