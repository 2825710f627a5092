/** @file `minillm data shards`: its flags, and what it does. */

import { Command } from 'commander';
import { requireFlag, wholeNumber } from '../flags.ts';
import { downloadLine, waitLine } from '../inputs/download-lines.ts';
import { Progress } from '../terminal/progress.ts';
import { abortOnSignals } from '../terminal/signals.ts';
import { summaryLines, summaryObject } from './summary.ts';

interface DataShardsFlags {
  readonly out: string;
  readonly limit?: number;
  readonly revision?: string;
  readonly json?: true;
}

const EXAMPLE = `
The shards hold 16-bit GPT-2 tokens in the format of llm.c (.bin) or build-nanogpt (.npy). If it is stopped, the same command
continues; a higher --limit adds to what is there. HF_TOKEN, HF_HOME and HF_ENDPOINT mean what they mean to Hugging Face's tools.

Examples:
  $ minillm data shards kjj0/finewebedu10B-gpt2 --out data/fineweb-edu --limit 10
  $ minillm data shards karpathy/fineweb-edu-100B-gpt2-token-shards --out data/fineweb-edu-100b
`;

/** The command. */
export function shardsCommand(): Command {
  return new Command('shards')
    .description('download ready-made token shards from the Hugging Face hub')
    .argument('<repository>', 'data set, as OWNER/NAME')
    .option('--out <folder>', 'folder for the shards')
    .option('--limit <n>', 'maximum number of training shards (default: all)', wholeNumber(1))
    .option('--revision <name>', 'branch, tag or commit (default: main, or the commit that an earlier download used)')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', EXAMPLE)
    .action(async (repository: string, flags: DataShardsFlags, command: Command) => {
      requireFlag(command, 'out');
      await dataShards(repository, flags);
    });
}

async function dataShards(repository: string, { out, limit, revision, json }: DataShardsFlags): Promise<void> {
  const { fetchHubShards } = await import('../../data/sharding/hub-shards.ts');
  const { openHub } = await import('../../hub/hub.ts');
  const started = performance.now();
  const progress = new Progress();
  const hub = await openHub({ onWait: (reason, wait) => progress.update(waitLine(reason, wait)) });
  await abortOnSignals(async (signal) => {
    const fetching = fetchHubShards({
      repository,
      folder: out,
      hub,
      signal,
      limit,
      revision,
      onProgress: ({ name, bytes, totalBytes, seconds }) =>
        progress.update(`${name} | ${downloadLine(bytes, totalBytes, seconds)}`),
    });
    const description = await fetching
      .finally(() => progress.clear())
      .catch((cause: unknown) => {
        if (!signal.aborted) throw cause;
      });
    if (description === undefined) return;
    const outcome = { folder: out, seconds: (performance.now() - started) / 1000 };
    if (json) console.log(JSON.stringify({ ...summaryObject(description, outcome), source: description.source }));
    else console.log(summaryLines(description, outcome).join('\n'));
  }, 'stopping; the same command continues later (again to quit now)');
}
