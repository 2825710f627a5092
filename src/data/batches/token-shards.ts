/** @file Tokens that batches are cut from: shards in files, or in memory. */

export interface TokenShard {
  /** Its path, or what it is called in errors. */
  readonly path: string;
  readonly tokenCount: number;
  /** Fills `target` with the tokens from `start` on, all of which the shard must hold. */
  readInto(target: Uint16Array, start: number): void;
}

/** The shards of one split, in order. */
export interface TokenShards {
  readonly shards: readonly TokenShard[];
  readonly tokenCount: number;
}

/** Tokens in memory as a split of one shard. */
export function inMemory(name: string, tokens: Uint16Array): TokenShards {
  const shard: TokenShard = {
    path: name,
    tokenCount: tokens.length,
    readInto: (target, start) => target.set(tokens.subarray(start, start + target.length)),
  };
  return { shards: [shard], tokenCount: tokens.length };
}
