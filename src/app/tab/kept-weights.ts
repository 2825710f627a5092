/**
 * @file Weights that the browser keeps, so that the next visit reads nothing. Each slice is kept by its hash: weights that have
 * changed are never mixed with older ones, and what no file of the site has any more is deleted.
 */

import { messageOf, UserError } from '../../support/errors.ts';
import { hexadecimal } from '../../support/hex.ts';
import type { Slices } from '../../support/sliced-source.ts';
import { megabytes } from './describe-progress.ts';

/** What a browser keeps, by SHA-256 in hexadecimal. Each may be refused: the quota is used up, or the page has none. */
export interface SliceStorage {
  get(sha256: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  put(sha256: string, slice: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Deletes all but these. */
  retain(sha256: ReadonlySet<string>): Promise<void>;
}

/** The storage as one visit uses it: not any more once it has refused. */
export class KeptWeights {
  readonly #storage: SliceStorage;
  #refusal: string | undefined;
  #found = 0;
  #added = 0;

  constructor(storage: SliceStorage) {
    this.#storage = storage;
  }

  async retain(sha256: ReadonlySet<string>): Promise<void> {
    await this.#unlessRefused(() => this.#storage.retain(sha256));
  }

  async find(sha256: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const slice = await this.#unlessRefused(() => this.#storage.get(sha256));
    this.#found += slice?.length ?? 0;
    return slice;
  }

  async add(sha256: string, slice: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#added += slice.length;
    await this.#unlessRefused(() => this.#storage.put(sha256, slice));
  }

  /** Where this visit's weights came from and what becomes of them, as a sentence; null before there are any. */
  describe(): string | null {
    if (this.#found + this.#added === 0) return null;
    const weights = `Their weights (${megabytes(this.#found + this.#added)} MB)`;
    if (this.#added === 0) return `${weights} came from this browser's cache`;
    return this.#refusal === undefined
      ? `${weights} are in this browser's cache now, so the next visit downloads nothing`
      : `${weights} are not all kept for the next visit: this browser's cache cannot be used (${this.#refusal})`;
  }

  async #unlessRefused<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#refusal !== undefined) return undefined;
    return work().catch((cause: unknown) => {
      this.#refusal = messageOf(cause);
      return undefined;
    });
  }
}

/** A file whose slices are found among what is kept, or else read, checked and added. */
export class KeptSlices implements Slices {
  readonly name: string;
  readonly size: number;
  readonly #file: Slices;
  readonly #sha256: readonly string[];
  readonly #kept: KeptWeights;
  /** Whether it was all found. */
  isKept = true;

  constructor(file: Slices, sha256: readonly string[], kept: KeptWeights) {
    this.name = file.name;
    this.size = file.size;
    this.#file = file;
    this.#sha256 = sha256;
    this.#kept = kept;
  }

  /** @throws UserError besides when the slice's hash is another */
  async read(index: number, onArrived: (bytes: number) => void): Promise<Uint8Array<ArrayBuffer>> {
    const sha256 = this.#sha256[index] ?? '';
    const found = await this.#kept.find(sha256);
    if (found) {
      onArrived(found.length);
      return found;
    }
    this.isKept = false;
    const slice = await this.#file.read(index, onArrived);
    if (!(await hasHash(slice, sha256)))
      throw new UserError(
        `${this.name}: expected the weights that the site was made with, found others; load the page again, and if it stays so, make the site again`,
      );
    await this.#kept.add(sha256, slice);
    return slice;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Pages without HTTPS cannot tell, nor have they a cache. */
async function hasHash(slice: Uint8Array<ArrayBuffer>, sha256: string): Promise<boolean> {
  const subtle = globalThis.crypto.subtle as typeof globalThis.crypto.subtle | undefined;
  if (!subtle) return true;
  return hexadecimal(new Uint8Array(await subtle.digest('SHA-256', slice))) === sha256;
}
