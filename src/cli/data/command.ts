/** @file `minillm data`: the flags of each way to make token shards. */

import { Command } from 'commander';
import { DEFAULT_STORIES, DEFAULT_STORY_SEED, MAX_STORIES } from '../../data/stories/stories.ts';
import { processorCount } from '../../support/processors.ts';
import { requireFlag, wholeNumber } from '../flags.ts';
import { addCorpusFlags, addHubFlags, type HubFlags } from './flags.ts';
import type { DataHubFlags } from './hub.ts';
import type { DataInspectFlags } from './inspect.ts';
import type { DataMergeFlags } from './merge.ts';
import type { DataParquetFlags } from './parquet.ts';
import { shardsCommand } from './shards.ts';
import type { DataStoriesFlags } from './stories.ts';
import type { DataTextFlags } from './text.ts';

const RESUMES = `
If it is stopped or killed, the same command continues where it was. Once it has finished, running it again does nothing.
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

const FINEWEB_EXAMPLE = `${RESUMES}
Subsets: sample-10BT, sample-100BT, sample-350BT, default (all), or a crawl such as CC-MAIN-2024-10.

Examples:
  $ minillm data fineweb-edu --subset sample-10BT --out data/fineweb-edu
  $ minillm data fineweb-edu --subset sample-100BT --part 3/16 --out data/fineweb-edu-3
  $ minillm data fineweb-edu --compat build-nanogpt --out edu_fineweb10B
`;

const HUB_EXAMPLE = `${RESUMES}
Examples:
  $ minillm data hub roneneldan/TinyStories --text-field text --out data/tinystories
  $ minillm data hub allenai/c4 --subset realnewslike --tokens 1B --out data/c4
`;

const MERGE_EXAMPLE = `
Shards are linked, not copied, where the disk allows it. The validation shards of all folders come first, then the
training shards, each in the order of the folders.

Example:
  $ minillm data merge data/fineweb-edu-{0..15} --out data/fineweb-edu
`;

const INSPECT_EXAMPLE = `
Example:
  $ minillm data inspect data/fineweb-edu --documents 3
`;

const STORIES_EXAMPLE = `
The stories are synthetic: short, in plain English, written by a grammar that comes with miniLLM; no two are the same.
The default is about 1.4 million tokens, fewer than 300 of them different, from which \`--preset tiny\` learns the
plots in minutes.

Example:
  $ minillm data stories --out data/stories
`;

/** The command with its subcommands. */
export function dataCommand(): Command {
  return new Command('data')
    .description('turn documents into GPT-2 token shards')
    .addCommand(finewebCommand())
    .addCommand(hubCommand())
    .addCommand(parquetCommand())
    .addCommand(textCommand())
    .addCommand(storiesCommand())
    .addCommand(shardsCommand())
    .addCommand(mergeCommand())
    .addCommand(inspectCommand());
}

function finewebCommand(): Command {
  const command = new Command('fineweb-edu')
    .description('turn FineWeb-Edu from the Hugging Face hub into token shards')
    .option('--subset <name>', 'sample or crawl', 'sample-10BT');
  return addHubFlags(command)
    .addHelpText('after', FINEWEB_EXAMPLE)
    .action(async (flags: Omit<HubFlags, 'out'> & Partial<Pick<HubFlags, 'out'>>) => {
      const { out = flags.part === undefined ? 'data/fineweb-edu' : `data/fineweb-edu-${flags.part.index}` } = flags;
      const { dataHub } = await import('./hub.ts');
      await dataHub('HuggingFaceFW/fineweb-edu', { ...flags, out, textField: 'text' });
    });
}

function hubCommand(): Command {
  const command = new Command('hub')
    .description('turn any data set of Parquet or JSON lines on the Hugging Face hub into token shards')
    .argument('<owner/name>', 'the data set')
    .option(
      '--subset <name>',
      'subset that the data set declares, or a folder in it (default: its default subset, else everything)',
    )
    .option('--text-field <name>', 'column or field that holds the text', 'text');
  return addHubFlags(command)
    .addHelpText('after', HUB_EXAMPLE)
    .action(async (repository: string, flags: DataHubFlags) => {
      requireFlag(command, 'out');
      const { dataHub } = await import('./hub.ts');
      await dataHub(repository, flags);
    });
}

function mergeCommand(): Command {
  return new Command('merge')
    .description('join the shards of several folders into one data set')
    .argument('<folder...>', 'folders of shards, in order')
    .option('--out <folder>', 'new folder for the shards')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', MERGE_EXAMPLE)
    .action(async (folders: string[], flags: DataMergeFlags, command: Command) => {
      requireFlag(command, 'out');
      const { dataMerge } = await import('./merge.ts');
      await dataMerge(folders, flags);
    });
}

function inspectCommand(): Command {
  return new Command('inspect')
    .description(
      'show what is in a folder of shards: counts, checksums, frequent tokens, lengths of documents, some documents',
    )
    .argument('<folder>', 'a folder of shards')
    .option('--documents <n>', 'random documents to show', wholeNumber(0, 1000), 2)
    .option('--seed <n>', 'seed that chooses the documents', wholeNumber(0), 1)
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', INSPECT_EXAMPLE)
    .action(async (folder: string, flags: DataInspectFlags) => {
      const { dataInspect } = await import('./inspect.ts');
      await dataInspect(folder, flags);
    });
}

function textCommand(): Command {
  const command = new Command('text')
    .description('turn plain text files or JSON lines (.jsonl, .json, either with .gz) into token shards')
    .argument('<file...>', 'files, read in this order')
    .option('--split-on <text>', 'plain text: what separates two documents', '<|endoftext|>')
    .option('--text-field <name>', 'JSON lines: field that holds the text', 'text');
  return addCorpusFlags(command)
    .addHelpText('after', TEXT_EXAMPLE)
    .action(async (files: string[], flags: DataTextFlags) => {
      requireFlag(command, 'out');
      const { dataText } = await import('./text.ts');
      await dataText(files, flags);
    });
}

function parquetCommand(): Command {
  const command = new Command('parquet')
    .description('turn Parquet files into token shards')
    .argument('<file...>', 'files, read in this order')
    .option('--text-field <name>', 'column that holds the text', 'text');
  return addCorpusFlags(command)
    .addHelpText('after', PARQUET_EXAMPLE)
    .action(async (files: string[], flags: DataParquetFlags) => {
      requireFlag(command, 'out');
      const { dataParquet } = await import('./parquet.ts');
      await dataParquet(files, flags);
    });
}

function storiesCommand(): Command {
  return new Command('stories')
    .description("make a corpus of synthetic children's stories, without a download, and turn it into token shards")
    .option('--out <folder>', 'folder for the shards')
    .option('--stories <n>', 'stories to write', wholeNumber(1, MAX_STORIES), DEFAULT_STORIES)
    .option('--seed <n>', 'seed of the stories', wholeNumber(0), DEFAULT_STORY_SEED)
    .option('--workers <n>', 'threads that tokenise', wholeNumber(1, 1024), processorCount())
    .option('--overwrite', 'replace shards that are in the folder')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', STORIES_EXAMPLE)
    .action(async (flags: DataStoriesFlags, command: Command) => {
      requireFlag(command, 'out');
      const { dataStories } = await import('./stories.ts');
      await dataStories(flags);
    });
}
