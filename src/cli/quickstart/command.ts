/** @file `minillm quickstart`: its flags. */

import { Command } from 'commander';
import { processorCount } from '../../support/processors.ts';
import { wholeNumber } from '../flags.ts';
import type { QuickstartFlags } from './run.ts';

const EXAMPLE = `
Example:
  $ minillm quickstart --steps 1000
`;

/** The command. */
export function quickstartCommand(): Command {
  return new Command('quickstart')
    .description('from nothing to text in three minutes: makes a small corpus of stories and trains a tiny GPT-2 on it')
    .option('--data <folder>', 'where the shards of the stories go', 'data/stories')
    .option('--out <folder>', 'run folder', 'out/stories')
    .option('--steps <n>', 'optimizer steps of 1,024 tokens', wholeNumber(1), 400)
    .option('--threads <n>', 'CPU threads', wholeNumber(1, 4096), processorCount())
    .addHelpText('after', EXAMPLE)
    .action(async (flags: QuickstartFlags) => {
      const { runQuickstart } = await import('./run.ts');
      await runQuickstart(flags);
    });
}
