/** @file A part of a run's history as events, each encoded once for all pages. */

import type { RunHistory, RunUpdate } from '../../dashboard-stream.ts';
import { encodeEvent } from './encode-event.ts';
import { ThinnedRows } from './thinned-rows.ts';

export interface PartOptions<Row> {
  /** Which of the dashboard's runs. */
  readonly run: number;
  readonly part: keyof RunHistory;
  readonly columns: readonly (keyof Row)[];
  /** The most rows that are kept, and the most in one event. */
  readonly limit: number;
  readonly rowsPerEvent: number;
  /** The row that stands for two neighbours. */
  readonly merge: (earlier: Row, later: Row) => Row;
}

/** An event, the index of its first row, and the number of rows of the series that a page has after it. */
interface PartEvent {
  readonly bytes: Buffer;
  readonly from: number;
  readonly count: number;
}

/** Significant digits of the numbers that are sent to a chart. */
const DIGITS = 6;

/** Train steps, evaluations or samples. */
export class HistoryPart<Row> {
  readonly #options: PartOptions<Row>;
  readonly #series: ThinnedRows<Row>;
  /** Events whose rows will not change, by the index of their first row; of the others, the last one asked for. */
  readonly #whole = new Map<number, PartEvent>();
  #newest: PartEvent | undefined;

  constructor(options: PartOptions<Row>) {
    this.#options = options;
    this.#series = new ThinnedRows(options.limit, options.merge);
  }

  /** Adds a row; true when all rows were thinned, so that pages need them again. */
  add(row: Row): boolean {
    const { stride } = this.#series;
    this.#series.add(row);
    if (stride === this.#series.stride) return false;
    this.forgetEvents();
    return true;
  }

  /**
   * The next event for a page; undefined when it has everything.
   * @param sent the number of rows added when its last event was sent; undefined, or more than there are, for a page without any
   */
  eventAfter(sent: number | undefined): PartEvent | undefined {
    const { rows, count, stride } = this.#series;
    if (sent === count) return undefined;
    const { rowsPerEvent } = this.#options;
    const from = sent === undefined || sent > count ? 0 : Math.floor(sent / stride);
    const to = Math.min(rows.length, from - (from % rowsPerEvent) + rowsPerEvent);
    const after = Math.min(to * stride, count);
    const isWhole = to - from === rowsPerEvent && to * stride === after;
    const known = isWhole ? this.#whole.get(from) : this.#newest;
    if (known?.from === from && known.count === after) return known;
    const event = { bytes: this.#encode(from, to), from, count: after };
    if (isWhole) this.#whole.set(from, event);
    else this.#newest = event;
    return event;
  }

  /** Frees the memory of encoded events. */
  forgetEvents(): void {
    this.#whole.clear();
    this.#newest = undefined;
  }

  #encode(from: number, to: number): Buffer {
    const { run, part, columns } = this.#options;
    const rows = this.#series.rows.slice(from, to);
    const values = columns.map((name) => [name, rows.map((row) => rounded(row[name]))]);
    return encodeEvent('update', { run, part, from, columns: Object.fromEntries(values) } as RunUpdate);
  }
}

/** A number rounded to the digits that a chart shows; whole numbers and texts unchanged. */
function rounded(value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value;
}
