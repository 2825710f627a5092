/** @file How far a long command has come: one line on a terminal that is written over, plain lines now and then elsewhere. */

import { Pace } from './pace.ts';

const TERMINAL_MILLISECONDS = 100;
/** Of what is read later, by a person or a program. */
export const LOG_MILLISECONDS = 10_000;

export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #pace: Pace;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
    this.#pace = new Pace(stream.isTTY ? TERMINAL_MILLISECONDS : LOG_MILLISECONDS);
    this.#begin();
  }

  /** Elsewhere than on a terminal what takes a short time says nothing. */
  #begin(): void {
    if (!this.#stream.isTTY) this.#pace.wait();
  }

  /** Shows a line, unless one was shown just before. */
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

  /** Takes the line off the terminal: what it told of is over. */
  clear(): void {
    this.#erase();
    this.#begin();
  }

  #erase(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
  }
}
