/** @file What `minillm publish --space` does: a site of the app, made in a temporary folder, becomes a static Space. */

import { join } from 'node:path';
import { isReplaced } from '../../app/site/site-folder.ts';
import { checkAccess, checkRepositoryName } from '../../hub/upload/upload.ts';
import type { UploadFile } from '../../hub/upload/upload-file.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../../support/temporary-folder.ts';
import { describePlan, makeSite, planFlagged } from '../site/make-site.ts';
import type { SiteFlags } from '../site/site-flags.ts';
import { Progress } from '../terminal/progress.ts';
import { abortOnSignals } from '../terminal/signals.ts';
import { CARD, describeUpload, openShownHub, STOP_NOTICE, showUpload } from './show-upload.ts';
import { spaceCard } from './space-card.ts';

export interface SpaceFlags extends SiteFlags {
  readonly license?: string;
  readonly private?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

/** Uploads the site, or says what would be uploaded. */
export async function publishSpace(name: string, flags: SpaceFlags, version: string): Promise<void> {
  checkRepositoryName(name);
  const progress = new Progress();
  const hub = await openShownHub(progress);
  // before the work of making the site
  if (!flags.dryRun) checkAccess(hub, name);
  const plan = await planFlagged(flags, progress);
  const { license, checkpoint, compare } = flags;
  const card = spaceCard(plan, { name, license, checkpoints: [checkpoint, ...(compare ? [compare] : [])] });
  const target = { kind: 'space', name } as const;
  await abortOnSignals(async (signal) => {
    const temporary = await makeTemporaryFolder();
    try {
      const folder = join(temporary, 'site');
      const made = await makeSite(folder, plan, { version, signal, progress });
      const files: UploadFile[] = [
        { path: CARD, content: { bytes: Buffer.from(card) } },
        ...made.map(({ path }) => ({ path, content: { file: join(folder, path) } })),
      ];
      if (flags.dryRun) await describeUpload(target, files, card, flags);
      else
        await showUpload(hub, target, files, {
          ...{ isPrivate: flags.private ?? false, title: describePlan(plan), isReplaced },
          ...{ signal, progress, json: flags.json ?? false },
        });
    } catch (cause) {
      if (!signal.aborted) throw cause;
    } finally {
      removeTemporaryFolder(temporary);
    }
  }, STOP_NOTICE);
}
