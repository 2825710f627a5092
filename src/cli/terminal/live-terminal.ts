/**
 * @file Lines that scroll above a panel that stays: the panel is erased before lines are written and drawn again below them,
 * at most a few times a second. Everything else that this process writes to the terminal goes above it too.
 */

import { textWidth } from './text-width.ts';

/** The shortest time between two drawings. */
const INTERVAL_MILLISECONDS = 200;
/** Synchronized output: what is written between these appears at once; terminals without it ignore them. */
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';
const ERASE_BELOW = '\x1b[J';

/** Whether a stream is a terminal that a panel can be drawn on. */
export function canHavePanel(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && process.env.TERM !== 'dumb';
}

/** The lines of the panel for a terminal of this size, each narrower than the terminal. */
type Draw = (size: { readonly columns: number; readonly rows: number }) => readonly string[];

export class LiveTerminal {
  readonly #stream: NodeJS.WriteStream;
  readonly #draw: Draw;
  readonly #write: typeof process.stderr.write;
  /** Text that waits to be written above the panel. */
  #above = '';
  /**
   * Widths of the panel's lines on the terminal. The cursor is in the first column of the last line, where a key that the
   * terminal echoes wraps no line.
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

  /** Erases the panel, or leaves it as the last thing written. */
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

  /** The control sequence that erases the panel. A terminal that became narrower has wrapped its lines. */
  #erasing(): string {
    if (this.#drawn.length === 0) return '';
    const rowsOf = (width: number): number => Math.max(1, Math.ceil(width / this.#stream.columns));
    const above = this.#drawn.slice(0, -1).reduce((sum, width) => sum + rowsOf(width), 0);
    return `\r${above > 0 ? `\x1b[${above}A` : ''}${ERASE_BELOW}`;
  }

  /** Stands in for `stderr.write`, whose last argument may be a function to call once the text is written. */
  readonly #takeError = (text: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    this.#above += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
    if (this.#above.endsWith('\n')) this.#redraw();
    const isWritten = rest.at(-1);
    if (typeof isWritten === 'function') process.nextTick(() => isWritten());
    return true;
  };
}
