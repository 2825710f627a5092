/** @file What `minillm data merge` does. */

import { mergeDatasets } from '../../data/sharding/merge-datasets.ts';
import { formatCount } from '../../support/format.ts';
import { summaryLines, summaryObject } from './summary.ts';

export interface DataMergeFlags {
  readonly out: string;
  readonly json?: true;
}

export async function dataMerge(folders: readonly string[], { out, json }: DataMergeFlags): Promise<void> {
  const started = performance.now();
  const description = await mergeDatasets(folders, out);
  const outcome = { folder: out, seconds: (performance.now() - started) / 1000 };
  if (json) console.log(JSON.stringify(summaryObject(description, outcome)));
  else
    console.log(summaryLines(description, { ...outcome, note: `${formatCount(folders.length)} folders` }).join('\n'));
}
