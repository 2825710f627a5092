/** @file A disk that has no room for the shards: how much they need, and that nothing done is lost. */
import { statfs } from 'node:fs/promises';
import { UserError } from '../../support/errors.ts';
import { formatBytes, formatCount } from '../../support/format.ts';
import { BYTES_PER_TOKEN } from '../shards/shard-format.ts';
import type { BuildPosition } from './build-journal.ts';

/**
 * What a user reads instead of ENOSPC, foretelling the tokens to come from those there are; any other error comes back as
 * it is. A shard is counted twice: that with the end of validation is written again before it is removed.
 * @param inputBytes of the whole corpus, where they are known.
 */
export async function explainDiskFull(
  cause: unknown,
  folder: string,
  position: BuildPosition,
  shardTokens: number,
  inputBytes: number | undefined,
): Promise<unknown> {
  if (!isDiskFull(cause)) return cause;
  const { tokens, bytes } = position;
  const total = inputBytes === undefined || bytes === 0 ? undefined : (tokens * inputBytes) / bytes;
  const needed =
    total === undefined
      ? 'more room'
      : `about ${formatBytes(BYTES_PER_TOKEN * (total - tokens + Math.min(shardTokens, total)))} more`;
  const { bavail, bsize } = await statfs(folder);
  return new UserError(
    `${folder}: the disk is full; the shards need ${needed}, ${formatBytes(bavail * bsize)} are free; make room, then run the same command again to continue after the ${formatCount(tokens)} tokens already written`,
    { cause },
  );
}

function isDiskFull(cause: unknown): boolean {
  const system = cause instanceof UserError ? cause.cause : cause;
  return system instanceof Error && 'code' in system && (system.code === 'ENOSPC' || system.code === 'EDQUOT');
}
