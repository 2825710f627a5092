/** @file A series that may grow for ever in bounded memory. */

/**
 * Keeps the rows of a series. Whenever there are too many, neighbours are merged in pairs: then a row stands for twice as
 * many as before, its stride. Which rows are merged follows from their number alone.
 */
export class ThinnedRows<Row> {
  readonly #limit: number;
  readonly #merge: (earlier: Row, later: Row) => Row;
  #rows: Row[] = [];
  #count = 0;
  #stride = 1;

  /** @param limit rows that are kept at most, an even number. */
  constructor(limit: number, merge: (earlier: Row, later: Row) => Row) {
    this.#limit = limit;
    this.#merge = merge;
  }

  /** The rows as they stand; the last may stand for fewer than the others yet. */
  get rows(): readonly Row[] {
    return this.#rows;
  }

  /** How many were added. */
  get count(): number {
    return this.#count;
  }

  /** How many of those that were added make a row. */
  get stride(): number {
    return this.#stride;
  }

  add(row: Row): void {
    const last = this.#rows.at(-1);
    if (last !== undefined && this.#count % this.#stride > 0) {
      this.#rows[this.#rows.length - 1] = this.#merge(last, row);
    } else {
      if (this.#rows.length === this.#limit) this.#thin();
      this.#rows.push(row);
    }
    this.#count++;
  }

  #thin(): void {
    this.#rows = this.#rows.flatMap((row, index, rows) => {
      const before = rows[index - 1];
      return index % 2 === 1 && before !== undefined ? [this.#merge(before, row)] : [];
    });
    this.#stride *= 2;
  }
}
