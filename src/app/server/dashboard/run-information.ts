/** @file What is known of a run from its folder. */

import { basename, resolve } from 'node:path';
import { listCheckpoints } from '../../../runs/checkpoints.ts';
import { readTrainingState, type TrainingState } from '../../../runs/state.ts';
import { UserError } from '../../../support/errors.ts';
import { formatCount } from '../../../support/format.ts';
import type { RunInformation } from '../../dashboard-stream.ts';

/** The name of a run: that of its folder. */
export function runName(folder: string): string {
  return basename(resolve(folder));
}

/** What the newest checkpoint of a run records; only the name of a run that has none, or none that can be read. */
export async function recordedInformation(folder: string): Promise<RunInformation> {
  const name = runName(folder);
  const state = await newestState(folder);
  if (state === undefined) return { name, facts: [], settings: {} };
  const { configuration, versions } = state;
  const { preset, init, precision, data, totalBatchSize, steps } = configuration;
  const facts: [string, unknown][] = [
    ['model', [preset ?? init, precision].filter(Boolean).join(', ')],
    ['data', data],
    ['batch', typeof totalBatchSize === 'number' ? `${formatCount(totalBatchSize)} tokens a step` : undefined],
    [
      'made by',
      Object.entries(versions)
        .map((entry) => entry.join(' '))
        .join(', '),
    ],
  ];
  return {
    name,
    ...(typeof steps === 'number' ? { steps } : {}),
    facts: facts.flatMap(([fact, value]) =>
      typeof value === 'string' && value !== '' ? [[fact, value] as const] : [],
    ),
    settings: configuration,
  };
}

async function newestState(folder: string): Promise<TrainingState | undefined> {
  try {
    const [newest] = await listCheckpoints(folder);
    return newest && (await readTrainingState(newest.path));
  } catch (cause) {
    // damaged, or just removed for a newer one
    if (cause instanceof UserError) return undefined;
    throw cause;
  }
}
