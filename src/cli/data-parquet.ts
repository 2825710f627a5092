/** @file What `minillm data parquet` does. */

import { localFiles } from '../data/build/local-files.ts';
import { buildFromFiles } from './data-build.ts';
import type { CorpusFlags } from './data-flags.ts';

export interface DataParquetFlags extends CorpusFlags {
  readonly textField: string;
}

export async function dataParquet(paths: readonly string[], flags: DataParquetFlags): Promise<void> {
  await buildFromFiles(await localFiles(paths, flags.part), { textField: flags.textField, parquet: true }, flags);
}
