/** @file `minillm serve`: its flags. */

import { Command } from 'commander';
import { describeLimits } from '../../app/server/completions/limits.ts';
import { describeConnectionLimits } from '../../app/server/connection-limits.ts';
import { deviceFlag, precisionFlag, threadsFlag } from '../device-flags.ts';
import { requireFlag, wholeNumber } from '../flags.ts';
import type { ServeFlags } from './run.ts';

const HELP = `
Serves OpenAI's completions API: POST /v1/completions, GET /v1/models, GET /health. There is no password: anyone who can reach
the address can use the model. Requests from web pages of other sites are refused.

Limits:
${[...describeLimits(), ...describeConnectionLimits()].map((limit) => `  - ${limit}`).join('\n')}

Examples:
  $ minillm serve --checkpoint out/book
  $ curl http://127.0.0.1:8000/v1/completions -H 'Content-Type: application/json' \\
      -d '{"prompt": "Once upon a time", "max_tokens": 20}'
`;

/** The command. */
export function serveCommand(): Command {
  return new Command('serve')
    .description("serve a checkpoint with OpenAI's completions API")
    .option('--checkpoint <path>', 'run folder (its newest step), step folder, Hugging Face folder or hf:OWNER/NAME')
    .option('--host <address>', 'address to serve on; 0.0.0.0 for all of this machine', '127.0.0.1')
    .option('--port <n>', 'port to serve on; 0 for any that is free', wholeNumber(0, 65_535), 8000)
    .addOption(precisionFlag())
    .addOption(threadsFlag())
    .addOption(deviceFlag())
    .addHelpText('after', HELP)
    .action(async (flags: ServeFlags, command: Command) => {
      requireFlag(command, 'checkpoint');
      const { runServe } = await import('./run.ts');
      await runServe(flags);
    });
}
