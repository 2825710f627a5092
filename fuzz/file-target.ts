/** @file A target whose input is one file of a folder that otherwise stays as it is. */

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutate, Target } from './target.ts';

export interface FileTarget {
  readonly name: string;
  /** What the file is called in its folder. */
  readonly fileName: string;
  readonly share?: number;
  seeds(): Promise<readonly (string | Uint8Array)[]> | readonly (string | Uint8Array)[];
  readonly mutate: Mutate;
  /** Puts what stands beside the file into its folder. */
  prepare?(folder: string): Promise<void>;
  /** Reads the file. @throws UserError when it is refused. */
  read(path: string, folder: string): Promise<void>;
}

export function fileTarget({ name, fileName, share = 1, seeds, mutate, prepare, read }: FileTarget): Target {
  return {
    name,
    kind: 'file',
    share,
    mutate,
    seeds: async () => (await seeds()).map((seed) => Buffer.from(seed as Uint8Array)),
    async open(folder) {
      const path = join(folder, fileName);
      await prepare?.(folder);
      return {
        run(input) {
          rmSync(path, { recursive: true, force: true });
          writeFileSync(path, input);
          return read(path, folder);
        },
      };
    },
  };
}
