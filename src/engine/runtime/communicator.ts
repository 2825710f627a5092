/**
 * @file What ranks look like from a program and from the host. `distributed/` implements it over MPI and NCCL. All ranks
 * begin the same collectives in the same order.
 */

/**
 * Collectives over `count` elements, in place, as native code numbers them. Those of slices cut the elements into one
 * equal slice for each rank.
 */
export const COLLECTIVES = {
  /** Every rank gets the sum. */
  allReduce: 0,
  /** Each rank's slice becomes the sum of that slice, the rest 0. */
  reduceScatter: 1,
  /** Every rank gets each rank's slice. */
  allGather: 2,
} as const;

export type Collective = keyof typeof COLLECTIVES;

/** Element types as native code numbers them. */
export const ELEMENT_TYPES = { float32: 0, float64: 1 } as const;

/**
 * The native side of a communicator: addresses (below 2^53) of functions that kernels call in the middle of a program,
 * and the first argument of each. They return 0, or another number on failure; the program then ends and its run rejects.
 */
export interface NativeCollectives {
  readonly context: number;
  /**
   * Starts a collective and returns at once:
   * `int32_t (*)(void *context, int32_t collective, void *data, int64_t count, int32_t type, void *stream)`, with a number
   * of `COLLECTIVES` and one of `ELEMENT_TYPES`. `stream` is the device's, null on a CPU.
   */
  readonly begin: number;
  /**
   * Waits until every collective started so far has finished: `int32_t (*)(void *context, void *stream)`. On a CPU it
   * returns then; on a GPU it makes the stream wait.
   */
  readonly wait: number;
}

export interface Communicator {
  /** From 0; rank 0 prints, and writes the run folder. */
  readonly rank: number;
  readonly size: number;
  /** From 0, among the ranks of this machine. */
  readonly localRank: number;
  /** Undefined in a world of one, where there is nothing to communicate. */
  readonly native: NativeCollectives | undefined;
  /** Aborts when a rank is lost; what is under way then ends with `failure`. Undefined in a world of one. */
  readonly failed: AbortSignal | undefined;
  /** Sums numbers of the host over all ranks, in place. Every rank must pass the same count. */
  sum(values: Float64Array): Promise<void>;
  /** Fills the bytes of all ranks with those of one. Every rank must pass the same length. */
  broadcast(bytes: Uint8Array, root: number): Promise<void>;
  /** The texts of all ranks, by rank. */
  share(text: string): Promise<readonly string[]>;
  /** What went wrong, once a collective has failed. */
  failure(): Error;
}

/** The world of one process. */
export const singleProcess: Communicator = {
  rank: 0,
  size: 1,
  localRank: 0,
  native: undefined,
  failed: undefined,
  sum: () => Promise.resolve(),
  broadcast: () => Promise.resolve(),
  share: (text) => Promise.resolve([text]),
  failure: () => new TypeError('a single process has no collectives that could fail'),
};

/** Whether this rank prints and writes the run folder. */
export function isWriter({ rank }: Pick<Communicator, 'rank'>): boolean {
  return rank === 0;
}
