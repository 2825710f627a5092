/** @file How far a long command has come: one line on a terminal that is written over, plain lines now and then elsewhere. */

const TERMINAL_MILLISECONDS = 100;
const PLAIN_MILLISECONDS = 10_000;

export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #interval: number;
  /** Elsewhere than on a terminal a short command says nothing. */
  #lastUpdate: number;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
    this.#interval = stream.isTTY ? TERMINAL_MILLISECONDS : PLAIN_MILLISECONDS;
    this.#lastUpdate = stream.isTTY ? Number.NEGATIVE_INFINITY : performance.now();
  }

  /** Shows a line, unless one was shown just before. */
  update(line: string): void {
    const now = performance.now();
    if (now - this.#lastUpdate < this.#interval) return;
    this.#lastUpdate = now;
    if (this.#stream.isTTY) this.#stream.write(`\r${line.slice(0, (this.#stream.columns || 80) - 1)}\x1b[K`);
    else this.#stream.write(`${line}\n`);
  }

  /** Writes a line that stays. */
  note(line: string): void {
    this.clear();
    this.#stream.write(`${line}\n`);
  }

  /** Takes the line off the terminal. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
  }
}
