/** @file `minillm publish`: its flags. */

import { Command, InvalidArgumentError } from 'commander';
import { requireFlag } from '../flags.ts';
import { addSiteFlags } from '../site/site-flags.ts';
import type { SpaceFlags } from './publish-space.ts';
import type { PublishFlags } from './run.ts';

const EXAMPLE = `
Uploads weights, configuration and tokenizer, metrics.jsonl up to the step, a picture of the loss, and a model card made from
the run, as one commit. Files that are there already are not sent; after an interruption the same command goes on. An
existing README.md is replaced. The token comes from HF_TOKEN, else from \`hf auth login\`; it needs write access.

With --space, the app with that checkpoint is uploaded instead, as a static Space: what \`minillm site\` writes (\`minillm site --help\`).

Examples:
  $ minillm publish owner/stories --checkpoint out/stories --license mit --dry-run
  $ minillm publish owner/stories --checkpoint out/stories --license mit
  $ minillm sample --checkpoint hf:owner/stories --prompt "Once"
  $ minillm publish --space owner/stories --checkpoint out/stories --weights int8
`;

/** What only one of the two uploads takes. */
const OF_MODEL = ['withOptimizer'];
const OF_SPACE = ['compare', 'modelName', 'weights', 'slider'];

/** The command. */
export function publishCommand(): Command {
  const command = new Command('publish')
    .description('upload a checkpoint to the Hugging Face hub, with a model card made from its run, or as a Space')
    .argument('[owner/name]', 'the repository of the model; it is created if there is none')
    .option(
      '--checkpoint <path>',
      'run folder (its newest step), step folder or Hugging Face folder; for a Space also hf:OWNER/NAME',
    )
    .option('--license <id>', 'license of the weights, as the hub calls it: mit, apache-2.0, cc-by-4.0, …', licenseId)
    .option('--private', 'create a repository that only its owner sees')
    .option('--with-optimizer', 'also upload what a run resumes from: optimizer.safetensors, state.json')
    .option('--dry-run', 'print what would be uploaded and the card, and upload nothing')
    .option('--json', 'print the result as JSON')
    .option(
      '--space <owner/name>',
      'upload the app with the checkpoint, as this static Space; it is created if there is none',
    )
    .optionsGroup('Options of a Space:');
  return addSiteFlags(command)
    .addHelpText('after', EXAMPLE)
    .action(async (name: string | undefined, flags: PublishFlags & SpaceFlags & { readonly space?: string }) => {
      if ((name === undefined) === (flags.space === undefined))
        command.error('error: expected OWNER/NAME of a model, or --space OWNER/NAME');
      requireFlag(command, 'checkpoint');
      refuseFlags(command, name === undefined ? OF_MODEL : OF_SPACE, name === undefined ? 'a Space' : 'a model');
      if (name === undefined) {
        const { publishSpace } = await import('./publish-space.ts');
        await publishSpace(flags.space ?? '', flags, command.parent?.version() ?? '');
      } else {
        const { runPublish } = await import('./run.ts');
        await runPublish(name, flags);
      }
    });
}

/** Ends the command when a flag was given that the upload does not take. */
function refuseFlags(command: Command, names: readonly string[], what: string): void {
  for (const option of command.options)
    if (names.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === 'cli')
      command.error(`error: ${option.long} is not for ${what}; leave it out`);
}

function licenseId(text: string): string {
  if (/^[a-z0-9][a-z0-9.-]*$/.test(text)) return text;
  throw new InvalidArgumentError('Expected an id in lower case, such as mit, apache-2.0 or cc-by-4.0.');
}
