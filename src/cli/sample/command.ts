/** @file `minillm sample`: its flags. */

import { Command } from 'commander';
import { deviceFlag, precisionFlag, threadsFlag } from '../device-flags.ts';
import { realNumber, requireFlag, wholeNumber } from '../flags.ts';
import type { SampleFlags } from './run.ts';

const EXAMPLE = `
A text ends after --tokens tokens, or earlier if the model ends the document. The same seed gives the same texts.

Examples:
  $ minillm sample --checkpoint out/book --prompt "Once upon a time" --tokens 200
  $ minillm sample --checkpoint hf:openai-community/gpt2 --temperature 0
  $ minillm sample --checkpoint out/book --count 4 --seed 7 --json
`;

/** The command. */
export function sampleCommand(): Command {
  return new Command('sample')
    .description('generate text with a checkpoint')
    .option(
      '--checkpoint <path>',
      'run folder (its newest step), step folder, Hugging Face folder, model file of llm.c or hf:OWNER/NAME',
    )
    .option(
      '--prompt <text>',
      'beginning of the texts; "" or <|endoftext|> begins a new document',
      "Hello, I'm a language model,",
    )
    .option('--tokens <n>', 'maximum number of new tokens per text', wholeNumber(1), 100)
    .option(
      '--temperature <x>',
      'number that divides the logits; 0 always takes the most likely token',
      realNumber(0),
      1,
    )
    .option('--top-k <n>', 'sample from the n most likely tokens; 0 for all', wholeNumber(0), 50)
    .option('--top-p <x>', 'sample from the fewest tokens whose probabilities add up to x', realNumber(0, 1), 1)
    .option('--seed <n>', 'seed of the random numbers', wholeNumber(0), 0)
    .option('--count <n>', 'texts to generate', wholeNumber(1), 1)
    .addOption(precisionFlag())
    .addOption(threadsFlag())
    .addOption(deviceFlag())
    .option('--json', 'print texts and token ids as one JSON object')
    .addHelpText('after', EXAMPLE)
    .action(async (flags: SampleFlags, command: Command) => {
      requireFlag(command, 'checkpoint');
      const { runSample } = await import('./run.ts');
      await runSample(flags);
    });
}
