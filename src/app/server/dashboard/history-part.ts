/** @file A part of a run's history as the events that tell it, each encoded once for all pages. */

import type { RunHistory, RunUpdate } from '../../dashboard-stream.ts';
import { encodeEvent } from './encode-event.ts';
import { ThinnedRows } from './thinned-rows.ts';

export interface PartOptions<Row> {
  /** Which of the dashboard's runs. */
  readonly run: number;
  readonly part: keyof RunHistory;
  readonly columns: readonly (keyof Row)[];
  /** Rows that are kept, and rows of one event, at most. */
  readonly limit: number;
  readonly rowsPerEvent: number;
  /** The row that stands for two neighbours. */
  readonly merge: (earlier: Row, later: Row) => Row;
}

/** An event, the place of its first row, and how many rows of the series a page has been told after it. */
interface PartEvent {
  readonly bytes: Buffer;
  readonly from: number;
  readonly count: number;
}

/** Significant digits of a number on its way to a chart. */
const DIGITS = 6;

/** Train steps, evaluations or samples. */
export class HistoryPart<Row> {
  readonly #options: PartOptions<Row>;
  readonly #series: ThinnedRows<Row>;
  /** Events whose rows change no more, by the place of their first, and the last one that was asked for of the others. */
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
   * What a page is told next, undefined when it has everything.
   * @param told how many rows had been added when it was told last; undefined, or more than there are, for a page without any.
   */
  eventAfter(told: number | undefined): PartEvent | undefined {
    const { rows, count, stride } = this.#series;
    if (told === count) return undefined;
    const { rowsPerEvent } = this.#options;
    const from = told === undefined || told > count ? 0 : Math.floor(told / stride);
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

  /** Gives back the memory of encoded events. */
  forgetEvents(): void {
    this.#whole.clear();
    this.#newest = undefined;
  }

  #encode(from: number, to: number): Buffer {
    const { run, part, columns } = this.#options;
    const rows = this.#series.rows.slice(from, to);
    const values = columns.map((name) => [name, rows.map((row) => inDigits(row[name]))]);
    return encodeEvent('update', { run, part, from, columns: Object.fromEntries(values) } as RunUpdate);
  }
}

/** A number in the digits that a chart shows; whole numbers and texts as they are. */
function inDigits(value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value;
}
