/** @file What is fuzzed: a reader of files or a server, the valid inputs that mutations begin with, and how they are mutated. */

import type { Choice } from './choice.ts';
import type { ProcessUsage } from './process-usage.ts';

/** Longer inputs are cut off: an input should be slow because of its content, not its length. */
export const MAX_INPUT_BYTES = 4 << 20;

/** Makes another input from one; `others` are valid inputs to take parts from. */
export type Mutate = (input: Buffer, choice: Choice, others: readonly Buffer[]) => Buffer;

export interface Target {
  readonly name: string;
  /** Requests are slower than files: a run has ten files for each request. */
  readonly kind: 'file' | 'request';
  /** How many inputs it gets beside others of its kind; 1 unless given. */
  readonly share?: number;
  /** Inputs that must be accepted, the same each time. */
  seeds(): Promise<readonly Buffer[]>;
  readonly mutate: Mutate;
  /** @param folder an empty folder in memory, for a reader that takes a path. */
  open(folder: string): Promise<OpenTarget>;
}

export interface OpenTarget {
  /**
   * Reads an input. Returns when it is accepted.
   * @throws UserError when it is refused; any other error is a defect.
   */
  run(input: Buffer): Promise<void>;
  /** Memory of the process that does the work, now and at most; without it, it is this one. */
  memory?(): Pick<ProcessUsage, 'residentBytes' | 'peakBytes'>;
  close?(): Promise<void>;
}

/** What must not happen, found by a target itself: a wrong answer, a server that does not answer. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';
}
