/** @file `minillm runs`: its flags. */

import { Command } from 'commander';
import type { RunsFlags } from './run.ts';

const EXAMPLE = `
Examples:
  $ minillm runs
  $ minillm runs /data/experiments --json
`;

/** The command. */
export function runsCommand(): Command {
  return new Command('runs')
    .description('list runs, their latest figures and their state')
    .argument('[folder...]', 'folders to look in (default: runs and out)')
    .option('--json', 'print the runs as JSON')
    .addHelpText('after', EXAMPLE)
    .action(async (folders: string[], flags: RunsFlags) => {
      const { runRuns } = await import('./run.ts');
      await runRuns(folders, flags);
    });
}
