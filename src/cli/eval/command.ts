/** @file `minillm eval`: its flags. */

import { Command, Option } from 'commander';
import { DOWNLOAD } from '../../eval/hellaswag-source.ts';
import { deviceFlag, precisionFlag, threadsFlag } from '../device-flags.ts';
import { requireFlag, tokenCount, wholeNumber } from '../flags.ts';
import type { EvalFlags } from './run.ts';

const EXAMPLE = `
A checkpoint is a run folder (its newest step), a step folder, a Hugging Face folder of a GPT-2, a model
file of llm.c, hf:OWNER/NAME for one on the hub, or untrained:PRESET.
--hellaswag without a file downloads the validation split once; a file may be .jsonl or .jsonl.gz.

Examples:
  $ minillm eval --checkpoint out/book --data data/book
  $ minillm eval --checkpoint out/book --checkpoint hf:openai-community/gpt2 --hellaswag hellaswag_val.jsonl --every 10
`;

/** The command. */
export function evalCommand(): Command {
  return new Command('eval')
    .description('measure the validation loss and HellaSwag accuracy of checkpoints')
    .option('--checkpoint <path>', 'checkpoint to evaluate; repeat for a table of several', collect)
    .option('--data <path>', 'folder of token shards whose validation tokens the loss is measured on')
    .option('--eval-tokens <tokens>', 'maximum number of validation tokens', tokenCount(1), 10_485_760)
    .option('--sequence-length <n>', 'tokens per row of validation (default: the context length)', wholeNumber(1))
    .addOption(new Option('--hellaswag [file]', 'measure the accuracy on HellaSwag').preset(DOWNLOAD))
    .option('--limit <n>', 'maximum number of HellaSwag examples', wholeNumber(1))
    .option('--every <k>', 'use only every k-th HellaSwag example', wholeNumber(1), 1)
    .option('--batch-size <n>', 'rows evaluated together; does not change the results', wholeNumber(1), 4)
    .addOption(precisionFlag())
    .addOption(threadsFlag())
    .addOption(deviceFlag())
    .option('--json', 'print one JSON object per checkpoint')
    .addHelpText('after', EXAMPLE)
    .action(async (flags: EvalFlags, command: Command) => {
      requireFlag(command, 'checkpoint');
      if (!flags.data && !flags.hellaswag)
        command.error('error: --data DIR or --hellaswag [FILE] is required; --help shows an example');
      if (!flags.hellaswag && (flags.limit !== undefined || command.getOptionValueSource('every') === 'cli'))
        command.error('error: --limit and --every choose HellaSwag examples; add --hellaswag [FILE]');
      const { runEval } = await import('./run.ts');
      await runEval(flags);
    });
}

function collect(path: string, before: readonly string[] = []): readonly string[] {
  return [...before, path];
}
