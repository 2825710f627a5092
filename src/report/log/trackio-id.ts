/** @file Which run of trackio a run is: `trackio.json` of its folder, for all processes that tell trackio of it. */

import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { exists, writeFileAtomic } from '../../support/files.ts';
import { readJsonFile } from '../../support/json-file.ts';
import type { RunCurves } from '../series/curves.ts';

const identitySchema = z.object({ id: z.string().min(1) });
const identityPath = (runFolder: string): string => join(runFolder, 'trackio.json');

/**
 * The id that a run was given when it was first logged; undefined for one that was not.
 * @throws UserError when the file is damaged.
 */
export async function readTrackioId(runFolder: string): Promise<string | undefined> {
  const path = identityPath(runFolder);
  return (await exists(path)) ? (await readJsonFile(identitySchema, path)).id : undefined;
}

/** Gives a run an id that no other has. */
export async function giveTrackioId(runFolder: string): Promise<string> {
  const id = randomBytes(16).toString('hex');
  await writeFileAtomic(identityPath(runFolder), `${JSON.stringify({ id })}\n`);
  return id;
}

/** The id of a run that was never given one: the same whenever it is asked for, another for another run in its place. */
export function derivedTrackioId({
  path,
  series: { loss, validationLoss },
}: Pick<RunCurves, 'path' | 'series'>): string {
  const beginning = [path, loss.values[0] ?? null, validationLoss.values[0] ?? null];
  return createHash('sha256').update(JSON.stringify(beginning)).digest('hex').slice(0, 32);
}
