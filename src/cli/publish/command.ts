/** @file `minillm publish`: its flags. */

import { Command, InvalidArgumentError } from 'commander';
import { requireFlag } from '../flags.ts';
import type { PublishFlags } from './run.ts';

const EXAMPLE = `
Uploads weights, configuration and tokenizer, metrics.jsonl up to the step, a picture of the loss, and a model card made from
the run, as one commit. Files that are there already are not sent; stopped or broken off, the same command goes on. A
README.md that is there is replaced. The token is that of HF_TOKEN, else of \`hf auth login\`; it needs write access.

Examples:
  $ minillm publish owner/stories --checkpoint out/stories --license mit --dry-run
  $ minillm publish owner/stories --checkpoint out/stories --license mit
  $ minillm sample --checkpoint hf:owner/stories --prompt "Once"
`;

/** The command. */
export function publishCommand(): Command {
  return new Command('publish')
    .description('upload a checkpoint to the Hugging Face hub, with a model card made from its run')
    .argument('<owner/name>', 'the repository of the model; it is made if there is none')
    .option('--checkpoint <path>', 'run folder (its newest step), step folder or Hugging Face folder')
    .option('--license <id>', 'license of the weights, as the hub calls it: mit, apache-2.0, cc-by-4.0, …', licenseId)
    .option('--private', 'make a repository that only its owner sees')
    .option('--with-optimizer', 'also upload what a run resumes from: optimizer.safetensors, state.json')
    .option('--dry-run', 'print what would be uploaded and the card, and upload nothing')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLE)
    .action(async (name: string, flags: PublishFlags, command: Command) => {
      requireFlag(command, 'checkpoint');
      const { runPublish } = await import('./run.ts');
      await runPublish(name, flags);
    });
}

function licenseId(text: string): string {
  if (/^[a-z0-9][a-z0-9.-]*$/.test(text)) return text;
  throw new InvalidArgumentError('Expected an id in lower case, such as mit, apache-2.0 or cc-by-4.0.');
}
