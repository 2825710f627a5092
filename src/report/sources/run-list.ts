/** @file The runs below a folder and their last state. */

import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunFacts } from '../../runs/facts.ts';
import { trainerOf } from '../../runs/lock.ts';
import { messageOf, UserError } from '../../support/errors.ts';
import { exists, fileError } from '../../support/files.ts';
import { type RunSummary, summaryOf } from '../series/summary.ts';
import { readStartedRun } from './run-folder.ts';

/** How many levels below the folder runs are looked for. */
const MAX_DEPTH = 3;

export interface ListedRun {
  readonly path: string;
  /** Undefined when it cannot be read; then `problem` says why. */
  readonly summary: RunSummary | undefined;
  readonly problem: string | undefined;
  /** The steps it is to run; undefined for a run that does not say. */
  readonly stepsPlanned: number | undefined;
  readonly model: string | undefined;
  readonly facts: RunFacts | undefined;
  /** When it last wrote, in milliseconds since 1970. */
  readonly writtenAt: number | undefined;
  readonly state: 'training' | 'finished' | 'stopped';
}

/**
 * The run folders among these folders and below them, each once, the most recently written first.
 * @throws UserError when a folder cannot be read.
 */
export async function listRuns(folders: readonly string[]): Promise<ListedRun[]> {
  const paths = new Map<string, string>();
  for (const folder of folders)
    for (const path of await findRuns(folder, 0)) {
      const place = await realpath(path);
      if (!paths.has(place)) paths.set(place, path);
    }
  const runs: ListedRun[] = [];
  for (const path of paths.values()) runs.push(await describeRun(path));
  return runs.sort((a, b) => (b.writtenAt ?? 0) - (a.writtenAt ?? 0));
}

/** Run folders hold no other runs; a link may lead to one. */
async function findRuns(folder: string, depth: number): Promise<string[]> {
  if (await exists(join(folder, 'metrics.jsonl'))) return [folder];
  if (depth === MAX_DEPTH) return [];
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const below = entries.filter(
      (entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'),
    );
    return (await Promise.all(below.map(({ name }) => findRuns(join(folder, name), depth + 1)))).flat();
  } catch (cause) {
    if (depth > 0) return [];
    throw fileError(folder, 'read the folder', cause);
  }
}

async function describeRun(path: string): Promise<ListedRun> {
  let isTraining = false;
  try {
    isTraining = trainerOf(path) !== undefined;
    const run = await readStartedRun(path);
    const { facts, writtenAt } = run;
    const summary = summaryOf({ ...run, name: path });
    const planned = facts?.configuration.steps;
    const stepsPlanned = typeof planned === 'number' ? planned : undefined;
    const isFinished = stepsPlanned !== undefined && summary.steps >= stepsPlanned;
    const state = isTraining ? 'training' : isFinished ? 'finished' : 'stopped';
    const preset = facts?.configuration.preset;
    const model = typeof preset === 'string' ? preset : undefined;
    return { path, summary, problem: undefined, stepsPlanned, model, facts, writtenAt, state };
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    const unknown = {
      summary: undefined,
      stepsPlanned: undefined,
      model: undefined,
      facts: undefined,
      writtenAt: undefined,
    };
    return { path, ...unknown, problem: messageOf(cause), state: isTraining ? 'training' : 'stopped' };
  }
}
