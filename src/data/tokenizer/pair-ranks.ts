/** @file Which pairs of tokens merge, and into what: the id of a merged token is also its rank, lower ones merge first. */

/** The rank of a pair that does not merge; higher than every id. */
export const NO_RANK = 0xffff;

const SLOT_BITS = 17;
const SLOT_MASK = (1 << SLOT_BITS) - 1;

export class PairRanks {
  /** Pairs (left << 16 | right, id) in an open-addressed table, less than half full; id 0, a byte, marks an empty slot. */
  readonly #slots = new Int32Array(2 << SLOT_BITS);

  /** The id that two neighbouring tokens merge into, or `NO_RANK`. */
  rankOf(left: number, right: number): number {
    const id = this.#slots[2 * this.#slotOf((left << 16) | right) + 1]!;
    return id === 0 ? NO_RANK : id;
  }

  add(left: number, right: number, id: number): void {
    const key = (left << 16) | right;
    const slot = this.#slotOf(key);
    this.#slots[2 * slot] = key;
    this.#slots[2 * slot + 1] = id;
  }

  /** The slot that holds the pair, or the empty one where it belongs. */
  #slotOf(key: number): number {
    const slots = this.#slots;
    let slot = Math.imul(key, 0x9e3779b1) >>> (32 - SLOT_BITS);
    while (slots[2 * slot] !== key && slots[2 * slot + 1] !== 0) slot = (slot + 1) & SLOT_MASK;
    return slot;
  }
}
