/**
 * @file What ranks look like from a program and from the host. `distributed/` implements it over MPI and NCCL; collectives
 * only ever sum.
 */

/** Element types of a sum, as passed to native code. */
export const SUM_TYPES = { float32: 0, float64: 1 } as const;

/**
 * The native side of a communicator: addresses (below 2^53) of functions that kernels call in the middle of a program,
 * and the first argument of each. They return 0, or another number on failure; the program then ends and its run rejects.
 */
export interface NativeCollectives {
  readonly context: number;
  /**
   * Starts the sum of `count` elements over all ranks, in place, and returns at once:
   * `int32_t (*)(void *context, void *data, int64_t count, int32_t type, void *stream)`, type one of `SUM_TYPES`. Every
   * rank starts the same sums in the same order. `stream` is the device's, null on a CPU.
   */
  readonly beginSum: number;
  /**
   * Waits until every sum started so far has finished: `int32_t (*)(void *context, void *stream)`. On a CPU it returns
   * then; on a GPU it makes the stream wait.
   */
  readonly waitForSums: number;
}

export interface Communicator {
  /** From 0; rank 0 prints, and writes the run folder. */
  readonly rank: number;
  readonly size: number;
  /** Undefined in a world of one, where there is nothing to sum. */
  readonly native: NativeCollectives | undefined;
  /** Sums numbers of the host over all ranks, in place. Every rank must pass the same count. */
  sum(values: Float64Array): Promise<void>;
  /** What went wrong, once a native function has failed. */
  failure(): Error;
}

/** The world of one process. */
export const singleProcess: Communicator = {
  rank: 0,
  size: 1,
  native: undefined,
  sum: () => Promise.resolve(),
  failure: () => new TypeError('a single process has no collectives that could fail'),
};

/** Whether this rank prints and writes the run folder. */
export function isWriter({ rank }: Pick<Communicator, 'rank'>): boolean {
  return rank === 0;
}
