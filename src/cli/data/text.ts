/** @file What `minillm data text` does. */

import { localFiles } from '../../data/sharding/local-files.ts';
import { buildFromFiles } from './build.ts';
import type { CorpusFlags } from './flags.ts';

export interface DataTextFlags extends CorpusFlags {
  readonly splitOn: string;
  readonly textField: string;
}

export async function dataText(paths: readonly string[], flags: DataTextFlags): Promise<void> {
  const { splitOn, textField } = flags;
  await buildFromFiles(await localFiles(paths, flags.part), { splitOn, textField }, flags);
}
