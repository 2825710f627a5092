/**
 * @file Lines that scroll and a panel under them that stays: the panel is taken away before lines are written and drawn
 * again below them, a few times a second at most. Everything else that this process writes to the terminal goes above it too.
 */

import { textWidth } from './text-width.ts';

/** The least time between two drawings. */
const INTERVAL_MILLISECONDS = 200;
/** Terminals that know it show what is written between these at once; others pass them over. */
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';
const ERASE_BELOW = '\x1b[J';

/** Whether a stream is a terminal that a panel can be drawn on. */
export function canHavePanel(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && process.env.TERM !== 'dumb';
}

/** What the panel shows at this moment, for a terminal of this size; no line as wide as it. */
type Draw = (size: { readonly columns: number; readonly rows: number }) => readonly string[];

export class LiveTerminal {
  readonly #stream: NodeJS.WriteStream;
  readonly #draw: Draw;
  readonly #write: typeof process.stderr.write;
  /** Text that waits to be written above the panel. */
  #above = '';
  /**
   * Widths of the panel's lines as they stand on the terminal, the cursor on the first column of the last of them: a key that
   * the terminal echoes there wraps no line.
   */
  #drawn: readonly number[] = [];
  #lastDrawing = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream, draw: Draw) {
    this.#stream = stream;
    this.#draw = draw;
    this.#write = process.stderr.write;
    if (process.stderr.isTTY) process.stderr.write = this.#takeError as typeof process.stderr.write;
    process.on('exit', this.#close);
    process.on('SIGWINCH', this.#redraw);
    process.on('SIGCONT', this.#drawAnew);
  }

  /** Writes lines above the panel and draws what has changed, now or a moment later. */
  update(lines: readonly string[]): void {
    for (const line of lines) this.#above += `${line}\n`;
    const wait = this.#lastDrawing + INTERVAL_MILLISECONDS - performance.now();
    if (wait <= 0) this.#redraw();
    else this.#timer ??= setTimeout(this.#redraw, wait);
  }

  /** Takes the panel away, or leaves it as the last thing that was written. */
  close(leaves: 'nothing' | 'panel'): void {
    if (leaves === 'panel') {
      this.#redraw();
      if (this.#drawn.length > 0) this.#stream.write('\n');
      this.#drawn = [];
    }
    this.#close();
  }

  readonly #close = (): void => {
    clearTimeout(this.#timer);
    const text = this.#erasing() + this.#above;
    this.#above = '';
    this.#drawn = [];
    if (text !== '') this.#stream.write(text);
    process.stderr.write = this.#write;
    process.off('exit', this.#close);
    process.off('SIGWINCH', this.#redraw);
    process.off('SIGCONT', this.#drawAnew);
  };

  readonly #redraw = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lastDrawing = performance.now();
    const { columns, rows } = this.#stream;
    const erasing = this.#erasing();
    const panel = this.#draw({ columns, rows });
    this.#stream.write(`${BEGIN}${erasing}${this.#above}${panel.join('\n')}\r${END}`);
    this.#above = '';
    this.#drawn = panel.map(textWidth);
  };

  /** Draws below what others wrote while this process was stopped. */
  readonly #drawAnew = (): void => {
    if (this.#drawn.length > 0) this.#stream.write('\n');
    this.#drawn = [];
    this.#redraw();
  };

  /** What takes the panel off the terminal. A terminal that became narrower has wrapped its lines. */
  #erasing(): string {
    if (this.#drawn.length === 0) return '';
    const rowsOf = (width: number): number => Math.max(1, Math.ceil(width / this.#stream.columns));
    const above = this.#drawn.slice(0, -1).reduce((sum, width) => sum + rowsOf(width), 0);
    return `\r${above > 0 ? `\x1b[${above}A` : ''}${ERASE_BELOW}`;
  }

  /** Stands in for `stderr.write`, whose last argument may be a function that is told when the text is written. */
  readonly #takeError = (text: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    this.#above += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
    if (this.#above.endsWith('\n')) this.#redraw();
    const isWritten = rest.at(-1);
    if (typeof isWritten === 'function') process.nextTick(() => isWritten());
    return true;
  };
}
