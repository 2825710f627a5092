/** @file `minillm eval`: its flags. */

import { Command, Option } from 'commander';
import { DEVICES } from '../../backends/devices.ts';
import { DOWNLOAD } from '../../eval/hellaswag-source.ts';
import { processorCount } from '../../support/processors.ts';
import { requireFlag, tokenCount, wholeNumber } from '../flags.ts';
import type { EvalFlags } from './run.ts';

const EXAMPLE = `
A checkpoint is a run folder (its newest step), a step folder, a Hugging Face folder of a GPT-2,
hf:OWNER/NAME of the hub, or untrained:PRESET.
--hellaswag alone downloads the validation split once; it takes a .jsonl or .jsonl.gz file too.

Examples:
  $ minillm eval --checkpoint out/book --data data/book
  $ minillm eval --checkpoint out/book --checkpoint gpt2 --hellaswag hellaswag_val.jsonl --every 10
`;

/** The command. */
export function evalCommand(): Command {
  return new Command('eval')
    .description('validation loss and HellaSwag of checkpoints')
    .option('--checkpoint <path>', 'what to evaluate; give several for a table', collect)
    .option('--data <path>', 'folder of token shards: loss on its validation tokens')
    .option('--eval-tokens <tokens>', 'most validation tokens', tokenCount(1), 10_485_760)
    .option('--sequence-length <n>', 'tokens of a row of validation (default: the context length)', wholeNumber(1))
    .addOption(new Option('--hellaswag [file]', 'accuracy on HellaSwag').preset(DOWNLOAD))
    .option('--limit <n>', 'most HellaSwag examples', wholeNumber(1))
    .option('--every <k>', 'only every k-th HellaSwag example', wholeNumber(1), 1)
    .option('--batch-size <n>', 'rows that are evaluated together; changes no result', wholeNumber(1), 4)
    .addOption(
      new Option('--precision <type>', 'of matrix products and activations').choices(['fp32', 'bf16']).default('fp32'),
    )
    .option('--threads <n>', 'CPU threads', wholeNumber(1, 4096), processorCount())
    .addOption(new Option('--device <name>', 'where to run').choices(DEVICES).default(DEVICES[0]))
    .option('--json', 'print one JSON object a checkpoint')
    .addHelpText('after', EXAMPLE)
    .action(async (flags: EvalFlags, command: Command) => {
      requireFlag(command, 'checkpoint');
      if (!flags.data && !flags.hellaswag)
        command.error(
          'error: --data DIR or --hellaswag [FILE] is required: what to evaluate on; --help shows an example',
        );
      if (!flags.hellaswag && (flags.limit !== undefined || command.getOptionValueSource('every') === 'cli'))
        command.error('error: --limit and --every choose HellaSwag examples; give --hellaswag [FILE] too');
      const { runEval } = await import('./run.ts');
      await runEval(flags);
    });
}

function collect(path: string, before: readonly string[] = []): readonly string[] {
  return [...before, path];
}
