/** @file Makes the site that flags ask for, with progress. */

import { comparedSource, type MainSource, mainSource, UNTRAINED } from '../../app/server/models/model-source.ts';
import { planSite, type SitePlan } from '../../app/site/site-plan.ts';
import { type SiteFile, writeSite } from '../../app/site/write-site.ts';
import { UserError } from '../../support/errors.ts';
import { formatBytes } from '../../support/format.ts';
import { localCheckpoint } from '../inputs/checkpoint.ts';
import type { Progress } from '../terminal/progress.ts';
import type { SiteFlags } from './site-flags.ts';

/**
 * Finds the models, downloaded if need be, and what of them the site will hold.
 * @throws UserError when one is not there, or is of no run although a slider was asked for
 */
export async function planFlagged(flags: SiteFlags, progress: Progress): Promise<SitePlan> {
  const { checkpoint, modelName, weights, slider = 'default' } = flags;
  const main = await mainSource(checkpoint, await localCheckpoint(checkpoint, progress), modelName);
  if (flags.slider && main.runFolder === undefined)
    throw new UserError(
      `--slider ${flags.slider}: expected a run, whose checkpoints the slider would have, found a model of none (${checkpoint}); leave --slider out`,
    );
  return planSite({ main, compared: await findCompared(main, flags, progress), weights, slider });
}

/** The initial weights of what is itself untrained say nothing new. */
async function findCompared(main: MainSource, { compare }: SiteFlags, progress: Progress) {
  if (compare === false || (compare === UNTRAINED && main.key.startsWith(UNTRAINED))) return undefined;
  return comparedSource(main, compare, compare === UNTRAINED ? compare : await localCheckpoint(compare, progress));
}

export interface MakeSiteOptions {
  readonly version: string;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Writes the site; see `writeSite`. */
export async function makeSite(folder: string, plan: SitePlan, options: MakeSiteOptions): Promise<SiteFile[]> {
  const { version, signal, progress } = options;
  const onProgress = (model: string, bytes: number, total: number): void =>
    progress.update(
      `converting ${model} | ${Math.floor((100 * bytes) / total)} % | ${formatBytes(bytes)} of ${formatBytes(total)}`,
    );
  return writeSite(folder, plan, { version, signal, onProgress }).finally(() => progress.clear());
}

/** `stories beside untrained, 4 of 37 checkpoints on the slider`. */
export function describePlan({ main, compared, steps, files, available }: SitePlan): string {
  const shown = steps.filter(({ key }) => files.has(key)).length;
  const slider = steps.length === 0 ? '' : `, ${shown} of ${available} checkpoints on the slider`;
  return `${main.id}${compared ? ` beside ${compared.id}` : ''}${slider}`;
}
