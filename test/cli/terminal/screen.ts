/** @file A terminal for tests: what stands on it after what was written. */

import { Writable } from 'node:stream';

/** Understands line feeds, wrapping at the edge, carriage returns, cursor up, erase below; colours are dropped. */
export class Screen extends Writable {
  readonly isTTY = true;
  columns: number;
  rows: number;
  /** How often it was written to. */
  writes = 0;
  /** All that was written. */
  text = '';
  readonly #lines: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
  }

  /** The lines from the first to the last that is not empty. */
  get lines(): string[] {
    const last = this.#lines.findLastIndex((line) => line.trim() !== '');
    return this.#lines.slice(0, last + 1).map((line) => line.trimEnd());
  }

  override _write(chunk: string, _: string, done: () => void): void {
    this.writes++;
    this.text += chunk;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal's own
    for (const [part, count, command] of chunk.matchAll(/\x1b\[\??([\d;]*)([A-Za-z])|[^\x1b]/gu)) {
      if (command === 'A') this.#row = Math.max(0, this.#row - Number(count || 1));
      else if (command === 'J') {
        this.#lines.length = this.#row + 1;
        this.#lines[this.#row] = this.#lines[this.#row]?.slice(0, this.#column) ?? '';
      } else if (command === undefined) this.#put(part);
    }
    done();
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#feed();
    else {
      if (this.#column === this.columns) this.#feed();
      const line = (this.#lines[this.#row] ?? '').padEnd(this.#column);
      this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
      this.#column++;
    }
  }

  #feed(): void {
    this.#row++;
    this.#column = 0;
    this.#lines[this.#row] ??= '';
  }
}
