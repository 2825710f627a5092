/** @file `minillm dashboard`: the charts of runs in the browser, whichever process trains them. */

import { Command } from 'commander';
import { describeLimits } from '../../app/server/dashboard/limits.ts';
import { DEFAULT_HOST, DEFAULT_PORT, portNumber } from './flags.ts';

const HELP = `
Charts are over steps, tokens or training time (that of the steps alone). \`minillm serve --checkpoint RUN\` has the same page beside
the model.

There is no password: anyone who can reach the address can see the runs. Requests from web pages of other sites are refused.

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
    .description('show charts of runs, finished or in training, in the browser until Ctrl-C')
    .argument('<run...>', 'run folders, drawn in the same charts')
    .option('--port <port>', `port to serve on (default: ${DEFAULT_PORT}, or the next free one)`, portNumber)
    .option('--host <address>', 'address to serve on; 0.0.0.0 for all addresses of this machine', DEFAULT_HOST)
    .addHelpText('after', HELP)
    .action(async (folders: string[], flags: { readonly port?: number; readonly host: string }) => {
      const { serveDashboard } = await import('./run.ts');
      await serveDashboard(folders, flags);
    });
}
