/**
 * @file How far a worker has come, where its parent can see it at any time, also while an input keeps the worker from answering: a
 * small file in memory that is written before each input.
 */

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Of one batch. */
export interface Progress {
  /** The input that is being read, or that would be next. */
  readonly index: number;
  readonly accepted: number;
  readonly refused: number;
  /** The most CPU time an input took, and its index. */
  readonly slowestMilliseconds: number;
  readonly slowestIndex: number;
}

export class ProgressFile {
  readonly #file: number;
  readonly #numbers = new Float64Array(5);

  constructor(path: string) {
    this.#file = openSync(path, 'w');
  }

  write({ index, accepted, refused, slowestMilliseconds, slowestIndex }: Progress): void {
    this.#numbers.set([index, accepted, refused, slowestMilliseconds, slowestIndex]);
    writeSync(this.#file, this.#numbers, 0, this.#numbers.byteLength, 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** What was written last; undefined before that. */
export function readProgress(path: string): Progress | undefined {
  const bytes = readFileSync(path);
  if (bytes.length < 40) return undefined;
  const [index = 0, accepted = 0, refused = 0, slowestMilliseconds = 0, slowestIndex = 0] = Array.from(
    { length: 5 },
    (_, place) => bytes.readDoubleLE(8 * place),
  );
  return { index, accepted, refused, slowestMilliseconds, slowestIndex };
}
