/** @file `minillm dashboard`: the charts of runs, whoever trains them, in the browser. */

import { Command } from 'commander';
import { describeLimits } from '../../app/server/dashboard/limits.ts';
import { DEFAULT_HOST, DEFAULT_PORT, portNumber } from './flags.ts';

const HELP = `
There is no password: whoever reaches the address sees the runs. Requests that web pages of other sites have a browser send are
refused.

Limits:
${describeLimits()
  .map((limit) => `  - ${limit}`)
  .join('\n')}

Examples:
  $ minillm dashboard out/book
  $ minillm dashboard out/small out/large --port 8080
`;

export function dashboardCommand(): Command {
  return new Command('dashboard')
    .description('serve the charts of runs, finished or in training, to a browser until Ctrl-C')
    .argument('<run...>', 'run folders, drawn over each other')
    .option('--port <port>', `where to serve (default: ${DEFAULT_PORT}, or the next that is free)`, portNumber)
    .option('--host <address>', 'network address to serve at; 0.0.0.0 for all of this machine', DEFAULT_HOST)
    .addHelpText('after', HELP)
    .action(async (folders: string[], flags: { readonly port?: number; readonly host: string }) => {
      const { serveDashboard } = await import('./run.ts');
      await serveDashboard(folders, flags);
    });
}
