/**
 * @file The ids of pieces already merged, found by the characters of a text in place: no substring is made for a
 * piece that is known, and a large cache is no work for the garbage collector. (A `Map` from strings is as fast on one
 * text, but a quarter of the speed where texts of one and of two bytes a character take turns, as they do on the web.)
 */

const SLOTS = 1 << 19;
const MOST_PIECES = SLOTS / 2;
const RECORD_WORDS = 1 << 22;

/** Longer pieces are rare and not worth their place. */
export const LONGEST_CACHED_PIECE = 64;

export class PieceCache {
  /** Pairs (hash, record) in an open-addressed table; record 0 marks an empty slot. */
  readonly #slots = new Int32Array(2 * SLOTS);
  /** A record is: length of the piece, count of ids, the piece's UTF-16 units, the ids. */
  readonly #records = new Uint16Array(RECORD_WORDS);
  #pieces = 0;
  #end = 1;

  /** Appends the ids of text[start, end) to `target` at `position`; returns their count, 0 for a piece not known. */
  copyIds(text: string, start: number, end: number, target: Uint16Array, position: number): number {
    const record = this.#slots[2 * this.#slotOf(text, start, end) + 1]!;
    if (record === 0) return 0;
    const records = this.#records;
    const count = records[record + 1]!;
    const first = record + 2 + records[record]!;
    for (let i = 0; i < count; i++) target[position + i] = records[first + i]!;
    return count;
  }

  /** Remembers a piece of at most `LONGEST_CACHED_PIECE` units. A full cache is emptied first. */
  add(piece: string, ids: readonly number[]): void {
    const words = 2 + piece.length + ids.length;
    if (this.#pieces === MOST_PIECES || this.#end + words > RECORD_WORDS) {
      this.#slots.fill(0);
      this.#pieces = 0;
      this.#end = 1;
    }
    const slot = this.#slotOf(piece, 0, piece.length);
    this.#slots[2 * slot] = hashOf(piece, 0, piece.length);
    this.#slots[2 * slot + 1] = this.#end;
    this.#records[this.#end++] = piece.length;
    this.#records[this.#end++] = ids.length;
    for (let i = 0; i < piece.length; i++) this.#records[this.#end++] = piece.charCodeAt(i);
    for (const id of ids) this.#records[this.#end++] = id;
    this.#pieces++;
  }

  /** The slot that holds the piece, or the empty one where it belongs. */
  #slotOf(text: string, start: number, end: number): number {
    const hash = hashOf(text, start, end);
    const slots = this.#slots;
    for (let slot = hash & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
      const record = slots[2 * slot + 1]!;
      if (record === 0 || (slots[2 * slot] === hash && this.#holds(record, text, start, end))) return slot;
    }
  }

  #holds(record: number, text: string, start: number, end: number): boolean {
    const records = this.#records;
    if (records[record] !== end - start) return false;
    const shift = record + 2 - start;
    for (let i = start; i < end; i++) if (records[shift + i] !== text.charCodeAt(i)) return false;
    return true;
  }
}

/** FNV-1a over UTF-16 units, its high bits folded into the low ones that pick the slot. */
function hashOf(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}
