/** @file `minillm quickstart`: its flags. */

import { Command } from 'commander';
import { deviceFlag, threadsFlag } from '../device-flags.ts';
import { wholeNumber } from '../flags.ts';
import type { QuickstartFlags } from './run.ts';

const EXAMPLE = `
Example:
  $ minillm quickstart --steps 1000
`;

/** The command. */
export function quickstartCommand(): Command {
  return new Command('quickstart')
    .description('make a small corpus of stories, train a tiny GPT-2 on it, and show what it writes, in a few minutes')
    .option('--data <folder>', 'folder for the shards of the stories', 'data/stories')
    .option('--out <folder>', 'run folder', 'out/stories')
    .option('--steps <n>', 'optimizer steps of 1,024 tokens', wholeNumber(1), 400)
    .addOption(threadsFlag())
    .addOption(deviceFlag())
    .addHelpText('after', EXAMPLE)
    .action(async (flags: QuickstartFlags) => {
      const { runQuickstart } = await import('./run.ts');
      await runQuickstart(flags);
    });
}
