/** @file What sums over ranks look like from a program. `distributed/` implements it over MPI and NCCL. */

export interface Communicator {
  readonly rank: number;
  readonly size: number;
  /**
   * The native function that begins the sum of a completed bucket, in place, and its first argument:
   * `void (*)(void *context, int64_t bucket, float *data, int64_t count)`. Addresses are below 2^53. Absent in a world of
   * one, where there is nothing to sum.
   */
  readonly reduce?: { readonly function: number; readonly context: number };
}

/** The world of one process. */
export const singleProcess: Communicator = { rank: 0, size: 1 };
