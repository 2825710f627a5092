/** @file What failed, kept: the input, and beside it in one line why, and how to run it again. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KeptFailure {
  readonly target: string;
  readonly seed: number;
  readonly index: number;
  readonly reason: string;
}

/** Writes `TARGET-SEED-INDEX` and `TARGET-SEED-INDEX.txt` into a folder, which is made; returns the path of the input. */
export function keepFailure(folder: string, { target, seed, index, reason }: KeptFailure, input: Buffer): string {
  const path = join(folder, `${target}-${seed}-${index}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, input);
  writeFileSync(`${path}.txt`, `${reason}\nnpm run fuzz -- --only ${target} --seed ${seed} --index ${index}\n`);
  return path;
}
