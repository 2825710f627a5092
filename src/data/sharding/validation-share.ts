/** @file How many of a stream's first tokens are for validation, unless it is said. */

const SHARE = 0.05;

/** One shard of a stream of more than ten, else 5 %. */
export function validationShare(tokens: number, shardTokens: number): number {
  return tokens > 10 * shardTokens ? shardTokens : Math.floor(SHARE * tokens);
}
