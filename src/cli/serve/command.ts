/** @file `minillm serve`: its flags. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { describeLimits } from '../../app/server/completions/limits.ts';
import { describeConnectionLimits } from '../../app/server/connection-limits.ts';
import { deviceFlag, precisionFlag, threadsFlag } from '../device-flags.ts';
import { requireFlag, wholeNumber } from '../flags.ts';
import type { ServeFlags } from './run.ts';

const HELP = `
Serves OpenAI's completions API as vLLM has it: POST /v1/completions, /tokenize, /detokenize; GET /v1/models, /health, /version,
/metrics, /openapi.json. Requests choose with "model": the checkpoint (the default), the model beside it, or NAME@STEP for any
checkpoint of its run.

For a run the server also has a page with its charts, at /run, live while it trains (\`minillm dashboard --help\`).

The model beside it takes as much memory again (GPT-2 124M: 1.2 GB), and so does each checkpoint that is asked for. If there is
not enough for the untrained one, it is left out unless --compare asks for it.

Who may ask: on 127.0.0.1 the users of this machine; elsewhere everyone who reaches the address, unless there is an API key. The
server answers only to its IP addresses, localhost and each --allowed-host. Requests from web pages of other sites are refused
unless --cors-origin names them. Keys travel unencrypted: put a proxy with TLS in front of it.

Limits:
${[...describeLimits(), ...describeConnectionLimits()].map((limit) => `  - ${limit}`).join('\n')}

Examples:
  $ minillm serve --checkpoint out/book
  $ curl http://127.0.0.1:7860/v1/completions -H 'Content-Type: application/json' \\
      -d '{"prompt": "Once upon a time", "max_tokens": 20}'
  $ MINILLM_API_KEY=secret minillm serve --checkpoint out/book --host 0.0.0.0 --allowed-host app.example.org --rate-limit 60
`;

const repeatable = (flag: string, description: string, check = (value: string) => value): Option =>
  new Option(flag, description)
    .argParser((value, values: readonly string[]) => [...values, check(value)])
    .default([], 'none');

/** An origin as browsers send it: any other text would let nobody in. */
function origin(value: string): string {
  if (URL.canParse(value) && new URL(value).origin === value) return value;
  throw new InvalidArgumentError('Expected an origin without a path, such as https://notes.example.');
}

/** The command. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('serve a checkpoint beside the untrained model, as a page and a completions API')
    .option(
      '--checkpoint <path>',
      'run folder (its newest step), step folder, Hugging Face folder, model file of llm.c or hf:OWNER/NAME',
    )
    .option('--compare <path>', 'the model beside it: untrained, or what --checkpoint takes', 'untrained')
    .option('--no-compare', 'serve no model beside it')
    .option('--model-name <name>', "its name in the API; default: the run folder's name")
    .option('--host <address>', 'address to serve on; 0.0.0.0 for all addresses of this machine', '127.0.0.1')
    .option('--port <n>', 'port to serve on; 0 for any free one', wholeNumber(0, 65_535), 7860)
    .addOption(new Option('--api-key <key>', 'what clients must send').env('MINILLM_API_KEY'))
    .addOption(repeatable('--allowed-host <name>', 'a name it is reached by; .NAME for all below it; may be repeated'))
    .addOption(
      repeatable('--cors-origin <origin>', 'a site whose pages may send requests (https://…); may be repeated', origin),
    )
    .option('--rate-limit <n>', 'requests a minute from one address; 0 for any number', wholeNumber(0), 0)
    .addOption(precisionFlag())
    .addOption(threadsFlag())
    .addOption(deviceFlag())
    .addHelpText('after', HELP)
    .action(async (flags: Omit<ServeFlags, 'isCompareGiven'>, command: Command) => {
      requireFlag(command, 'checkpoint');
      const { runServe } = await import('./run.ts');
      const isCompareGiven = command.getOptionValueSource('compare') !== 'default';
      await runServe({ ...flags, isCompareGiven }, command.parent?.version() ?? '');
    });
}
