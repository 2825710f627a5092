/**
 * @file Thrift's compact protocol, in which Parquet writes its headers and footers (thrift, "compact-protocol.md"). What is read
 * costs memory in proportion to its bytes: a length that says more than there is ends the reading.
 */

/** What a struct's fields hold; integers of 64 bits are rounded to 53. */
export type ThriftValue = number | boolean | Uint8Array | readonly ThriftValue[] | ThriftStruct;
/** Values by the ids of their fields. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

const MAX_DEPTH = 32;
/** Structs, lists and strings: those of a footer of 280,000 column chunks. */
const MAX_OBJECTS = 1 << 22;

const [STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12];

export class ThriftReader {
  readonly #bytes: Uint8Array;
  #objects = 0;
  /** Where the next value begins. */
  offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  /** @throws Error when the bytes are no struct. */
  readStruct(depth = 0): ThriftStruct {
    this.#countObject(depth);
    const fields = new Map<number, ThriftValue>();
    for (let id = 0; ; ) {
      const head = this.#byte();
      const type = head & 0x0f;
      if (type === STOP) return fields;
      id = head >> 4 ? id + (head >> 4) : unzigzag(this.readVarint());
      fields.set(id, type === TRUE || type === FALSE ? type === TRUE : this.#value(type, depth + 1));
    }
  }

  /** An unsigned number of 7 bits a byte, the lowest first. */
  readVarint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Error('a number of more than 64 bits');
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case TRUE:
      case FALSE:
      case BYTE:
        return this.#byte();
      case I16:
      case I32:
      case I64:
        return unzigzag(this.readVarint());
      case DOUBLE:
        return new DataView(this.#take(8).slice().buffer).getFloat64(0, true);
      case BINARY:
        this.#countObject(depth);
        return this.#take(this.readVarint());
      case LIST:
        return this.#list(depth);
      case STRUCT:
        return this.readStruct(depth);
      default:
        throw new Error(`a value of type ${type}`);
    }
  }

  #list(depth: number): ThriftValue[] {
    this.#countObject(depth);
    const head = this.#byte();
    const size = head >> 4 === 15 ? this.readVarint() : head >> 4;
    if (size > this.#bytes.length - this.offset) throw new Error(`a list of ${size} values in too few bytes`);
    const values: ThriftValue[] = [];
    for (let index = 0; index < size; index++) values.push(this.#value(head & 0x0f, depth + 1));
    return values;
  }

  #byte(): number {
    const byte = this.#bytes[this.offset++];
    if (byte === undefined) throw new Error('a header without its end');
    return byte;
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.offset) throw new Error(`a string of ${length} bytes in too few`);
    this.offset += length;
    return this.#bytes.subarray(this.offset - length, this.offset);
  }

  #countObject(depth: number): void {
    if (depth > MAX_DEPTH) throw new Error(`a header nested more than ${MAX_DEPTH} deep`);
    if (++this.#objects > MAX_OBJECTS) throw new Error(`a header of more than ${MAX_OBJECTS} values`);
  }
}

/** Even numbers are the positive ones. */
function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
