/** @file What `minillm data hub` and `minillm data fineweb-edu` do. */

import { recordedSource } from '../../data/sharding/build-folder.ts';
import { selectPart } from '../../data/sharding/corpus-parts.ts';
import { commitOfSource } from '../../hub/corpus-source.ts';
import { openHub } from '../../hub/hub.ts';
import { type HubCorpusOptions, hubCorpusFiles } from '../../hub/hub-corpus.ts';
import { waitLine } from '../inputs/download-lines.ts';
import { Progress } from '../terminal/progress.ts';
import { buildFromFiles } from './build.ts';
import type { HubFlags } from './flags.ts';

export interface DataHubFlags extends HubFlags {
  readonly textField: string;
}

/** Downloads a data set of the hub file by file, builds its shards and prints a summary. */
export async function dataHub(repository: string, flags: DataHubFlags): Promise<void> {
  const { subset, part, overwrite = false, textField } = flags;
  const source = await recordedSource(flags.out, !overwrite);
  const commit = source === undefined ? undefined : commitOfSource(source, repository, subset);
  const progress = new Progress();
  const hub = await openHub({ onWait: (reason, wait) => progress.update(waitLine(reason, wait)) });
  const choose: HubCorpusOptions['choose'] = part === undefined ? undefined : (files) => selectPart(files, part);
  const files = await hubCorpusFiles({
    hub,
    repository,
    subset,
    choose,
    revision: flags.revision ?? commit,
    cacheBytes: flags.cache,
    keepDownloads: flags.keepDownloads,
  });
  let finished = false;
  try {
    finished = await buildFromFiles(files, { textField }, flags, progress);
  } finally {
    await files.close({ finished });
  }
}
