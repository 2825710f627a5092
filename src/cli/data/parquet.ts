/** @file What `minillm data parquet` does. */

import { localFiles } from '../../data/sharding/local-files.ts';
import { buildFromFiles } from './build.ts';
import type { CorpusFlags } from './flags.ts';

export interface DataParquetFlags extends CorpusFlags {
  readonly textField: string;
}

export async function dataParquet(paths: readonly string[], flags: DataParquetFlags): Promise<void> {
  await buildFromFiles(await localFiles(paths, flags.part), { textField: flags.textField, parquet: true }, flags);
}
