/** @file `minillm data`: the flags of each way to make token shards. */

import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { DEFAULT_STORIES, DEFAULT_STORY_SEED, MOST_STORIES } from '../data/stories.ts';
import { addCorpusFlags } from './data-flags.ts';
import type { DataParquetFlags } from './data-parquet.ts';
import type { DataStoriesFlags } from './data-stories.ts';
import type { DataTextFlags } from './data-text.ts';
import { requireFlag, wholeNumber } from './flags.ts';

const RESUMES = `
Stopped or killed, the same command goes on where it was; finished, it finds that there is nothing to do.
`;

const TEXT_EXAMPLE = `${RESUMES}
Examples:
  $ minillm data text book.txt --out data/book
  $ minillm data text corpus-*.jsonl.gz --out data/corpus --text-field content --skip-bad
`;

const PARQUET_EXAMPLE = `${RESUMES}
Examples:
  $ minillm data parquet fineweb/*.parquet --out data/fineweb
  $ minillm data parquet fineweb/*.parquet --out data/fineweb-3 --part 3/16
`;

const STORIES_EXAMPLE = `
The stories are synthetic: short, in plain English, written by a grammar that comes with miniLLM; no two are the same.
The default is about 1.4 million tokens of fewer than 300 kinds, from which \`--preset tiny\` learns the plots
in minutes.

Example:
  $ minillm data stories --out data/stories
`;

/** The command with its subcommands. */
export function dataCommand(): Command {
  return new Command('data')
    .description('turn documents into token shards')
    .addCommand(textCommand())
    .addCommand(parquetCommand())
    .addCommand(storiesCommand());
}

function textCommand(): Command {
  const command = new Command('text')
    .description(
      'documents of plain text files, or of JSON lines (.jsonl, .json, either with .gz), to GPT-2 token shards',
    )
    .argument('<file...>', 'files, read in this order')
    .option('--split-on <text>', 'plain text: what stands between two documents', '<|endoftext|>')
    .option('--text-field <name>', 'JSON lines: the field that holds the text', 'text');
  return addCorpusFlags(command)
    .addHelpText('after', TEXT_EXAMPLE)
    .action(async (files: string[], flags: DataTextFlags) => {
      requireFlag(command, 'out');
      const { dataText } = await import('./data-text.ts');
      await dataText(files, flags);
    });
}

function parquetCommand(): Command {
  const command = new Command('parquet')
    .description('documents of Parquet files to GPT-2 token shards')
    .argument('<file...>', 'files, read in this order')
    .option('--text-field <name>', 'the column that holds the text', 'text');
  return addCorpusFlags(command)
    .addHelpText('after', PARQUET_EXAMPLE)
    .action(async (files: string[], flags: DataParquetFlags) => {
      requireFlag(command, 'out');
      const { dataParquet } = await import('./data-parquet.ts');
      await dataParquet(files, flags);
    });
}

function storiesCommand(): Command {
  return new Command('stories')
    .description("synthetic children's stories, made here, to GPT-2 token shards: a corpus without a download")
    .option('--out <folder>', 'where the shards go')
    .option('--stories <n>', 'how many stories', wholeNumber(1, MOST_STORIES), DEFAULT_STORIES)
    .option('--seed <n>', 'which stories', wholeNumber(0), DEFAULT_STORY_SEED)
    .option('--workers <n>', 'threads that tokenise', wholeNumber(1, 1024), availableParallelism())
    .option('--overwrite', 'replace the shards that are in the folder')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', STORIES_EXAMPLE)
    .action(async (flags: DataStoriesFlags, command: Command) => {
      requireFlag(command, 'out');
      const { dataStories } = await import('./data-stories.ts');
      await dataStories(flags);
    });
}
