/** @file The flags that the commands that make token shards have in common. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CorpusPart } from '../../data/sharding/corpus-parts.ts';
import { processorCount } from '../../support/processors.ts';
import { tokenCount, wholeNumber } from '../flags.ts';

/** What `addCorpusFlags` adds. */
export interface CorpusFlags {
  readonly out: string;
  readonly shardTokens: number;
  readonly valTokens?: number;
  readonly tokens?: number;
  readonly workers: number;
  readonly part?: CorpusPart;
  readonly skipBad?: true;
  readonly compat?: 'build-nanogpt';
  readonly overwrite?: true;
  readonly json?: true;
}

/** The flags of every corpus that is read from files. */
export function addCorpusFlags(command: Command): Command {
  return command
    .option('--out <folder>', 'folder for the shards')
    .addOption(new Option('--shard-tokens <n>', 'tokens per shard').argParser(tokenCount(1)).default(100e6, '100M'))
    .addOption(
      new Option(
        '--val-tokens <n>',
        'validation tokens, all in part 0 (default: 5 %, or one shard if there are more than ten)',
      ).argParser(tokenCount(0)),
    )
    .addOption(
      new Option('--tokens <n>', 'tokens after which to stop; with --part, in each part (default: all)').argParser(
        tokenCount(1),
      ),
    )
    .option('--workers <n>', 'threads that tokenise', wholeNumber(1, 1024), processorCount())
    .option(
      '--part <i/n>',
      'only part i of n of the files, counted from 0: one part for each of n machines',
      corpusPart,
    )
    .option('--skip-bad', 'skip damaged files, row groups and lines instead of ending with an error')
    .addOption(
      new Option('--compat <format>', "write files as build-nanogpt's fineweb.py does")
        .choices(['build-nanogpt'])
        .conflicts(['part', 'valTokens']),
    )
    .option('--overwrite', 'replace shards that are in the folder')
    .option('--json', 'print the summary as JSON');
}

/** `0/16` to `15/16`. */
function corpusPart(text: string): CorpusPart {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (index !== undefined && count !== undefined && index < count) return { index, count };
  throw new InvalidArgumentError('Expected a part and the number of parts, such as 0/4 to 3/4 for four machines.');
}

/** What `addHubFlags` adds to `CorpusFlags`. */
export interface HubFlags extends CorpusFlags {
  readonly subset?: string;
  readonly revision?: string;
  readonly cache?: number;
  readonly keepDownloads?: true;
}

/** The flags of corpora that are downloaded. */
export function addHubFlags(command: Command): Command {
  return addCorpusFlags(command)
    .option(
      '--revision <name>',
      'branch, tag or commit of the data set (default: main, or the commit that an earlier build used)',
    )
    .option('--cache <size>', 'disk space that downloads may take, such as 20GB (default: 10GB)', byteCount)
    .option('--keep-downloads', 'keep files in the cache once they are in shards');
}

/** A size in bytes, or in powers of a thousand: `500MB`, `20G`. */
function byteCount(text: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([kmgt]?)b?$/i.exec(text) ?? [];
  const value = Math.round(Number(digits) * 1000 ** ' kmgt'.indexOf(unit.toLowerCase() || ' '));
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected a size, such as 500MB or 20GB.');
}
