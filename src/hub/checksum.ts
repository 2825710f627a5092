/** @file The checksum that the hub lists for a file: sha256 for one in large file storage, git's own for any other. */

import { createHash, type Hash } from 'node:crypto';

export interface Checksum {
  readonly algorithm: 'sha256' | 'git-sha1';
  /** In hexadecimal. */
  readonly hex: string;
}

/** A hash to update with the content of a file of that size. Git's is the sha1 of `blob BYTES\0` and the content. */
export function startHash({ algorithm }: Pick<Checksum, 'algorithm'>, bytes: number): Hash {
  return algorithm === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
}
