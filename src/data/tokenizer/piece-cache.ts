/**
 * @file The ids of pieces merged before. Each piece has one slot, by its hash, and replaces what is there. A
 * slot is one cache line, and bytes are compared four at a time: a hit costs about as much as finding the piece's end.
 */

const SLOT_BITS = 17;
/** 32-bit words of a slot: lengths (of the piece, and of its ids << 8), the piece's bytes, the ids in 16 bits each. */
const SLOT_WORDS = 16;
const BYTES_WORDS = 7;
const IDS_OFFSET = 2 * (1 + BYTES_WORDS);

/** Longer pieces, and pieces of more ids, are rare and not worth a slot. */
const MAX_PIECE_BYTES = 4 * BYTES_WORDS;
const MAX_IDS = 2 * SLOT_WORDS - IDS_OFFSET;

/** Which bits of a piece's last word belong to it, by its length modulo four. */
const LAST_WORD_MASKS = new Int32Array([-1, 0xff, 0xffff, 0xffffff]);

export class PieceCache {
  readonly #slots = new Int32Array(SLOT_WORDS << SLOT_BITS);
  readonly #ids = new Uint16Array(this.#slots.buffer);

  /**
   * Appends the ids of the piece text[start, end) to `target` at `position`; returns their count, 0 for a piece not known.
   * @param text must be readable three bytes past the end of the piece.
   */
  copyIds(text: DataView, start: number, end: number, target: Uint16Array, position: number): number {
    const length = end - start;
    if (length > MAX_PIECE_BYTES) return 0;
    const slots = this.#slots;
    const slot = findSlot(text, start, length);
    if ((slots[slot]! & 0xff) !== length) return 0;
    const lastWord = (length - 1) >> 2;
    if (slots[slot + 1 + lastWord] !== wordAt(text, start, length, lastWord)) return 0;
    for (let i = 0; i < lastWord; i++) if (slots[slot + 1 + i] !== text.getInt32(start + 4 * i, true)) return 0;
    const count = slots[slot]! >> 8;
    const first = 2 * slot + IDS_OFFSET;
    for (let i = 0; i < count; i++) target[position + i] = this.#ids[first + i]!;
    return count;
  }

  /** Remembers the piece text[start, end), whose `count` ids are in `source` at `position`, if it fits. */
  add(text: DataView, start: number, end: number, source: Uint16Array, position: number, count: number): void {
    const length = end - start;
    if (length > MAX_PIECE_BYTES || count > MAX_IDS) return;
    const slot = findSlot(text, start, length);
    this.#slots[slot] = length | (count << 8);
    for (let i = 0; 4 * i < length; i++) this.#slots[slot + 1 + i] = wordAt(text, start, length, i);
    const first = 2 * slot + IDS_OFFSET;
    for (let i = 0; i < count; i++) this.#ids[first + i] = source[position + i]!;
  }
}

/** Four bytes of a piece as one number; bytes past its end are 0. */
function wordAt(text: DataView, start: number, length: number, index: number): number {
  const word = text.getInt32(start + 4 * index, true);
  return 4 * index + 4 > length ? word & LAST_WORD_MASKS[length & 3]! : word;
}

/** Where the slot of a piece begins. */
function findSlot(text: DataView, start: number, length: number): number {
  let hash = length;
  const lastWord = (length - 1) >> 2;
  for (let i = 0; i < lastWord; i++) hash = mixed(hash ^ text.getInt32(start + 4 * i, true));
  hash = mixed(hash ^ wordAt(text, start, length, lastWord));
  return (Math.imul(hash, 0x85ebca6b) >>> (32 - SLOT_BITS)) * SLOT_WORDS;
}

function mixed(hash: number): number {
  const product = Math.imul(hash, 0x9e3779b1);
  return product ^ (product >>> 15);
}
