/** @file A series that may grow forever in bounded memory. */

/**
 * Keeps the rows of a series. Whenever there are too many, neighbours are merged in pairs, so that each row stands for twice
 * as many of the added ones: the stride doubles. Which rows are merged depends only on their number.
 */
export class ThinnedRows<Row> {
  readonly #limit: number;
  readonly #merge: (earlier: Row, later: Row) => Row;
  #rows: Row[] = [];
  #count = 0;
  #stride = 1;

  /** @param limit the most rows that are kept, an even number */
  constructor(limit: number, merge: (earlier: Row, later: Row) => Row) {
    this.#limit = limit;
    this.#merge = merge;
  }

  /** The rows so far; the last may still stand for fewer than the others. */
  get rows(): readonly Row[] {
    return this.#rows;
  }

  /** The number of rows that were added. */
  get count(): number {
    return this.#count;
  }

  /** The number of added rows that each kept row stands for. */
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
