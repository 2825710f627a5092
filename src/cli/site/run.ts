/** @file What `minillm site` does. */

import { Progress } from '../terminal/progress.ts';
import { shellWord } from '../terminal/shell-word.ts';
import { abortOnSignals } from '../terminal/signals.ts';
import { describePlan, makeSite, planFlagged } from './make-site.ts';
import type { SiteFlags } from './site-flags.ts';
import { sizeTable } from './size-table.ts';

/** Writes the site and says what to do with it. */
export async function runSite(folder: string, flags: SiteFlags, version: string): Promise<void> {
  const progress = new Progress();
  const plan = await planFlagged(flags, progress);
  await abortOnSignals(async (signal) => {
    const files = await makeSite(folder, plan, { version, signal, progress }).catch((cause: unknown) => {
      if (signal.aborted) return undefined;
      throw cause;
    });
    if (files === undefined) return;
    console.log(`${folder}: ${describePlan(plan)}\n`);
    console.log(sizeTable(plan, files));
    const word = shellWord(folder);
    console.log(`\nlook at it: npx http-server ${word}, or python3 -m http.server -d ${word} 8000`);
    console.log('publish it: copy the folder to any host of static files, or minillm publish --space OWNER/NAME');
  }, 'stopping; the folder stays as it was (again to quit now)');
}
