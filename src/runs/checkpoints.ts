/** @file The checkpoints of a run: folders `step-00005000`, each complete from the moment it has its name. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { WEIGHTS_FILE } from '../formats/gpt2-weights.ts';
import { isHubModel } from '../hub/model-name.ts';
import { UserError } from '../support/errors.ts';
import { exists, fileError, isFolder, isHeld, isTemporaryName, removeFolder } from '../support/files.ts';
import { STATE_FILE } from './state.ts';

const STEP_FOLDER = /^step-(\d{8,15})$/;

/** The optimizer's state, next to the weights. */
export const OPTIMIZER_FILE = 'optimizer.safetensors';

const REQUIRED_FILES = ['config.json', WEIGHTS_FILE, OPTIMIZER_FILE, STATE_FILE];

/** A step folder from which a run can resume. */
export interface Checkpoint {
  /** The number of steps that had been trained. */
  readonly step: number;
  readonly path: string;
}

/** The folder of a step within a run folder. */
export function stepFolder(runFolder: string, step: number): string {
  return join(runFolder, `step-${String(step).padStart(8, '0')}`);
}

/**
 * The complete checkpoints of a run folder, newest first. A run folder that does not exist has none. Unfinished ones
 * (temporary names) and step folders that lack a file are skipped.
 * @throws UserError when the folder cannot be read.
 */
export async function listCheckpoints(runFolder: string): Promise<Checkpoint[]> {
  if (!(await exists(runFolder))) return [];
  const checkpoints: Checkpoint[] = [];
  for (const name of await listNames(runFolder)) {
    const match = STEP_FOLDER.exec(name);
    const path = join(runFolder, name);
    if (match !== null && (await isComplete(path))) checkpoints.push({ step: Number(match[1]), path });
  }
  return checkpoints.sort((a, b) => b.step - a.step);
}

/**
 * The folder or file of weights that a name given by the user stands for. A run folder stands for its newest checkpoint, a
 * step folder, any other folder with a `config.json` and a file for itself; `hf:OWNER/NAME[@REVISION]` is fetched from the Hugging Face
 * hub.
 * @throws UserError saying what was found, when there is no checkpoint.
 */
export async function resolveCheckpoint(path: string): Promise<string> {
  if (isHubModel(path)) {
    const { fetchModelFolder } = await import('../hub/model-folder.ts');
    return fetchModelFolder(path);
  }
  if (!(await exists(path))) {
    throw new UserError(
      `${path}: expected a run folder, a step folder, a Hugging Face folder, a model file of llm.c or hf:OWNER/NAME, found nothing there`,
    );
  }
  if (!(await isFolder(path))) return path;
  const [newest] = await listCheckpoints(path);
  if (newest !== undefined) return newest.path;
  const names = await listNames(path);
  if (names.includes('config.json')) return path;
  const unfinished = names.filter((name) => STEP_FOLDER.test(name) || isTemporaryName(name)).length;
  const visible = names.filter((name) => !name.startsWith('.'));
  const found = unfinished > 0 ? `${unfinished} unfinished` : visible.slice(0, 5).join(', ') || 'an empty folder';
  throw new UserError(
    `${path}: expected checkpoints (step-00005000, …) or a Hugging Face folder with config.json, found ${found}`,
  );
}

/**
 * Removes all but the newest `keep` checkpoints of a run folder up to `step`, the one just written. Later ones, which
 * were skipped because they are damaged, stay until they are rewritten.
 * @throws UserError when the system refuses.
 */
export async function removeOldCheckpoints(runFolder: string, keep: number, step: number): Promise<void> {
  const upToStep = (await listCheckpoints(runFolder)).filter((checkpoint) => checkpoint.step <= step);
  for (const { path } of upToStep.slice(keep)) {
    await removeFolder(path).catch((cause: unknown) => {
      // a page of `serve` may be reading it; the next checkpoint tries again
      if (!isHeld(cause)) throw fileError(path, 'remove it', cause);
    });
  }
}

async function isComplete(path: string): Promise<boolean> {
  for (const name of REQUIRED_FILES) {
    if (!(await exists(join(path, name)))) return false;
  }
  return true;
}

async function listNames(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (cause) {
    throw fileError(path, 'read the folder', cause);
  }
}
