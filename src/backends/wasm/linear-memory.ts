/** @file The memory of WebAssembly: bytes by address, allocated and freed. */

import { UserError } from '../../support/errors.ts';

const PAGE_BYTES = 65_536;
/** What 32-bit addresses reach. */
export const MAX_MEMORY_BYTES = 65_536 * PAGE_BYTES;
/** What a module begins with, as it was linked (scripts/build-wasm.js). */
const FIRST_PAGES = 32;
/** Blocks begin at multiples of what the strictest struct of the kernels asks for: counters lie two cache lines apart. */
const ALIGNMENT = 128;

interface Block {
  address: number;
  bytes: number;
}

export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  /** Free blocks in order of their addresses, no two of which touch. */
  readonly #free: Block[] = [];
  #used = 0;

  /** @param shared whether threads share it */
  constructor(shared: boolean) {
    this.memory = makeMemory(shared);
  }

  /** Gives what is there from an address on to `allocate`. */
  begin(heapBase: number): void {
    const address = roundUp(heapBase);
    this.#release({ address, bytes: this.memory.buffer.byteLength - address });
  }

  /** Bytes that are allocated. */
  get used(): number {
    return this.#used;
  }

  /** Zeroed bytes. @throws UserError when there are no more */
  allocate(wanted: number): number {
    const bytes = roundUp(wanted);
    const block = this.#free.find((free) => free.bytes >= bytes) ?? this.#grow(bytes);
    const { address } = block;
    block.address += bytes;
    block.bytes -= bytes;
    if (block.bytes === 0) this.#free.splice(this.#free.indexOf(block), 1);
    this.#used += bytes;
    new Uint8Array(this.memory.buffer, address, bytes).fill(0);
    return address;
  }

  free(address: number, bytes: number): void {
    this.#used -= roundUp(bytes);
    this.#release({ address, bytes: roundUp(bytes) });
  }

  write(address: number, source: ArrayBufferView): void {
    new Uint8Array(this.memory.buffer, address, source.byteLength).set(bytesOf(source));
  }

  read(address: number, target: ArrayBufferView): void {
    bytesOf(target).set(new Uint8Array(this.memory.buffer, address, target.byteLength));
  }

  /** The ASCII text at an address, up to its zero byte. */
  text(address: number): string {
    const bytes = new Uint8Array(this.memory.buffer, address);
    return String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0)));
  }

  #grow(bytes: number): Block {
    const end = this.memory.buffer.byteLength;
    const last = this.#free.at(-1);
    const missing = bytes - (last && last.address + last.bytes === end ? last.bytes : 0);
    try {
      this.memory.grow(Math.ceil(missing / PAGE_BYTES));
    } catch {
      throw new UserError(
        `expected ${gigabytes(bytes)} more memory, found that WebAssembly, which has at most ${gigabytes(MAX_MEMORY_BYTES)}, has given ${gigabytes(end)} and no more; use a smaller model or batch`,
      );
    }
    this.#release({ address: end, bytes: this.memory.buffer.byteLength - end });
    return this.#free.at(-1) as Block;
  }

  #release(block: Block): void {
    const found = this.#free.findIndex(({ address }) => address > block.address);
    const place = found < 0 ? this.#free.length : found;
    this.#free.splice(place, 0, block);
    this.#join(place);
    this.#join(place - 1);
  }

  /** Makes one of two free blocks that touch. */
  #join(place: number): void {
    const [first, second] = [this.#free[place], this.#free[place + 1]];
    if (!first || !second || first.address + first.bytes !== second.address) return;
    first.bytes += second.bytes;
    this.#free.splice(place + 1, 1);
  }
}

/** Some systems do not reserve as many addresses as there may be. */
function makeMemory(shared: boolean): WebAssembly.Memory {
  for (let maximum = MAX_MEMORY_BYTES / PAGE_BYTES; ; maximum /= 2)
    try {
      return new WebAssembly.Memory({ initial: FIRST_PAGES, maximum, shared });
    } catch (cause) {
      if (maximum / 2 < FIRST_PAGES)
        throw new UserError('expected memory for WebAssembly, found none; close other programs or pages', { cause });
    }
}

const roundUp = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
