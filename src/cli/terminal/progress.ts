/** @file The progress of a long command: on a terminal one line that is overwritten, elsewhere a plain line now and then. */

import { Pace } from './pace.ts';

const TERMINAL_MILLISECONDS = 100;
/** The interval in output that is read later, by a person or a program. */
export const LOG_MILLISECONDS = 10_000;

export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #pace: Pace;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
    this.#pace = new Pace(stream.isTTY ? TERMINAL_MILLISECONDS : LOG_MILLISECONDS);
    this.#begin();
  }

  /** Off a terminal, short work prints nothing. */
  #begin(): void {
    if (!this.#stream.isTTY) this.#pace.wait();
  }

  /** Shows a line, unless the last one was shown a moment ago. */
  update(line: string): void {
    if (!this.#pace.isDue()) return;
    if (this.#stream.isTTY) this.#stream.write(`\r${line.slice(0, (this.#stream.columns || 80) - 1)}\x1b[K`);
    else this.#stream.write(`${line}\n`);
  }

  /** Writes a line that stays. */
  note(line: string): void {
    this.#erase();
    this.#stream.write(`${line}\n`);
  }

  /** Erases the line once its work is over. */
  clear(): void {
    this.#erase();
    this.#begin();
  }

  #erase(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
  }
}
