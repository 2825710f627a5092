/** @file What is known of a run from its folder. */

import { basename, resolve } from 'node:path';
import { readRunFacts } from '../../../runs/run-facts.ts';
import { formatCount } from '../../../support/format.ts';
import type { RunInformation } from '../../dashboard-stream.ts';

/** The name of a run: that of its folder. */
export function runName(folder: string): string {
  return basename(resolve(folder));
}

/** What a run records of itself; only its name where it records nothing. */
export async function recordedInformation(folder: string): Promise<RunInformation> {
  const name = runName(folder);
  const recorded = await readRunFacts(folder);
  if (recorded === undefined) return { name, facts: [], settings: {} };
  const { configuration, parameters } = recorded;
  const { device, ...software } = recorded.versions;
  const { preset, init, precision, data, totalBatchSize, steps } = configuration;
  const facts: [string, unknown][] = [
    ['model', [preset ?? init, `${formatCount(parameters)} parameters`, precision].filter(Boolean).join(', ')],
    ['device', device],
    ['data', data],
    ['batch', typeof totalBatchSize === 'number' ? `${formatCount(totalBatchSize)} tokens a step` : undefined],
    [
      'made by',
      Object.entries(software)
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
