/** @file `minillm site`: its flags. */

import { Command } from 'commander';
import { requireFlag } from '../flags.ts';
import { addSiteFlags, type SiteFlags } from './site-flags.ts';

const HELP = `
Writes the app as static files: the page of \`minillm serve\` with the engine inside, which runs in the browser. Any static
host will do: a Hugging Face Space, GitHub Pages, a folder on a web server. Whoever opens the page downloads the weights, so their size
counts: GPT-2 124M takes 249 MB as bf16 and 126 MB as int8, and every checkpoint on the slider is as large again, though it is downloaded
only when somebody asks for it.

The folder is created, or holds an older site, which is replaced once the new one is complete; anything else in it (.git, CNAME) stays.

Examples:
  $ minillm site site --checkpoint out/stories
  $ minillm site site --checkpoint out/124m --weights int8 --slider 4
  $ minillm site site --checkpoint hf:openai-community/gpt2 --no-compare
  $ python3 -m http.server -d site 8000
  $ minillm publish --space owner/stories --checkpoint out/stories
`;

/** The command. */
export function siteCommand(): Command {
  const command = new Command('site')
    .description('write the app with a checkpoint as static files, which run in the browser')
    .argument('<folder>', 'folder to write: a new or empty one, or an older site')
    .option(
      '--checkpoint <path>',
      'run folder (its newest step), step folder, Hugging Face folder, model file of llm.c or hf:OWNER/NAME',
    );
  return addSiteFlags(command)
    .addHelpText('after', HELP)
    .action(async (folder: string, flags: SiteFlags) => {
      requireFlag(command, 'checkpoint');
      const { runSite } = await import('./run.ts');
      await runSite(folder, flags, command.parent?.version() ?? '');
    });
}
