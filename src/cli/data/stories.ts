/** @file What `minillm data stories` does. */

import { type BuildProgress, buildDataset } from '../../data/sharding/build-dataset.ts';
import { storyCorpus } from '../../data/stories/stories.ts';
import { formatCount } from '../../support/format.ts';
import { Progress } from '../terminal/progress.ts';
import { summaryLines, summaryObject } from './summary.ts';

export interface DataStoriesFlags {
  readonly out: string;
  readonly stories: number;
  readonly seed: number;
  readonly workers: number;
  readonly overwrite?: true;
  readonly json?: true;
}

/** Writes stories, builds the shards and prints a summary. */
export async function dataStories({ out, stories, seed, workers, overwrite, json }: DataStoriesFlags): Promise<void> {
  const started = performance.now();
  const progress = new Progress();
  const { description } = await buildDataset({
    folder: out,
    corpus: storyCorpus({ count: stories, seed }),
    workers,
    overwrite: overwrite ?? false,
    onProgress: (reached) => progress.update(progressLine(reached, stories)),
  }).finally(() => progress.clear());
  const outcome = { folder: out, seconds: (performance.now() - started) / 1000 };
  if (json) console.log(JSON.stringify({ ...summaryObject(description, outcome), seed, synthetic: true }));
  else console.log(summaryLines(description, { ...outcome, note: 'all synthetic' }).join('\n'));
}

function progressLine({ documents, newTokens, seconds }: BuildProgress, stories: number): string {
  return [
    `${Math.floor((100 * documents) / stories)} %`,
    `${formatCount(documents)} of ${formatCount(stories)} stories`,
    `${formatCount(newTokens / seconds)} tokens/s`,
  ].join(' | ');
}
