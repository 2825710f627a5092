/** @file The messages between a worker and its parent. */

/** What the process is started with, as JSON. */
export interface WorkerOrder {
  /** The URL of a module that exports `target`. */
  readonly target: string;
  readonly seed: number;
  /** Empty, for the target's files. */
  readonly folder: string;
  readonly progressPath: string;
  readonly memoryBytes: number;
}

/** Inputs `from` to `to` − 1. */
export interface Batch {
  readonly from: number;
  readonly to: number;
}

export type WorkerMessage =
  | { readonly kind: 'ready'; readonly seeds: number }
  | { readonly kind: 'failure'; readonly index: number; readonly reason: string }
  /** After a collection of garbage. */
  | { readonly kind: 'done'; readonly residentBytes: number; readonly peakBytes: number; readonly openFiles: number };

/** The exit code after an input that took too much memory. */
export const OVER_MEMORY = 3;
