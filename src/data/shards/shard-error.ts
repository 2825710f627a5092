/** @file Errors about shards. */

import { UserError } from '../../support/errors.ts';

/** How every error about a shard begins: `shard train_000003.bin: `. */
export function shardError(path: string, problem: string): UserError {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return new UserError(`shard ${name}: ${problem}`);
}
