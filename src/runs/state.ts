/** @file `state.json` of a checkpoint: what a run needs to resume, besides weights and moments. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fileError } from '../support/files.ts';
import { readJsonFile } from '../support/json-file.ts';

const stateSchema = z.object({
  formatVersion: z.literal(1, { error: 'expected 1; this checkpoint was written by another version of minillm' }),
  /** The number of steps that have been trained: the next is this one, counted from 0. */
  step: z.int().nonnegative(),
  /** The number of updates made, which is less than `step` if updates were skipped. */
  updates: z.int().nonnegative(),
  seed: z.int(),
  /** Losses and gradient norms of the last steps, oldest first, that outliers are measured against. */
  recent: z.object({ losses: z.array(z.number()), norms: z.array(z.number()) }),
  /** CRC-32 of the files with tensors, by name: a checkpoint corrupted on disk is detected before it is trained on. */
  checksums: z.record(z.string(), z.int().nonnegative()),
  /** The settings of the run, as `--print-config` shows them. */
  configuration: z.record(z.string(), z.unknown()),
  /** What made the checkpoint: `minillm`, `node`, the backend's libraries. */
  versions: z.record(z.string(), z.string()),
});

export type TrainingState = z.output<typeof stateSchema>;

export const STATE_FILE = 'state.json';

/** @throws UserError when it cannot be read or does not have the format of this version. */
export async function readTrainingState(stepFolder: string): Promise<TrainingState> {
  return readJsonFile(stateSchema, join(stepFolder, STATE_FILE));
}

/** Writes `state.json` in place: meant for the temporary folder of a checkpoint. */
export async function writeTrainingState(stepFolder: string, state: TrainingState): Promise<void> {
  const path = join(stepFolder, STATE_FILE);
  try {
    await writeFile(path, `${JSON.stringify(state, null, 2)}\n`);
  } catch (cause) {
    throw fileError(path, 'write it', cause);
  }
}
