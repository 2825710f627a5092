/** @file What is known of a run from its folder. */

import { basename, resolve } from 'node:path';
import { isHubModel } from '../../../hub/model-name.ts';
import { readRunFacts } from '../../../runs/run-facts.ts';
import { formatCount } from '../../../support/format.ts';
import { flagTexts, settingsSchema } from '../../../train/settings.ts';
import type { RunInformation } from '../../dashboard-stream.ts';
import { MAX_SETTINGS, MAX_TEXT_LENGTH } from './limits.ts';

/** The name of a run: that of its folder. */
export function runName(folder: string): string {
  return basename(resolve(folder));
}

/**
 * What a run records of itself, within the limits; only its name if it records nothing.
 * @param hidesPaths shows only the last part of each path
 */
export async function recordedInformation(folder: string, hidesPaths = false): Promise<RunInformation> {
  const name = runName(folder);
  const recorded = await readRunFacts(folder);
  if (recorded === undefined) return { name, facts: [], settings: {} };
  const { parameters } = recorded;
  const configuration = hidesPaths ? withoutFolders(recorded.configuration) : recorded.configuration;
  const { device, ...software } = recorded.versions;
  const { preset, init, precision, data, totalBatchSize, steps } = configuration;
  const facts: [string, unknown][] = [
    ['model', [preset ?? init, `${formatCount(parameters)} parameters`, precision].filter(isText).join(', ')],
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
    ...(typeof totalBatchSize === 'number' && totalBatchSize > 0 ? { tokensPerStep: totalBatchSize } : {}),
    facts: facts.flatMap(([fact, value]) =>
      isText(value) ? [[fact, shortened(value, MAX_TEXT_LENGTH)] as const] : [],
    ),
    settings: bounded(configuration),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** The settings that are paths. */
const PATHS: ReadonlySet<string> = new Set(
  Object.entries(settingsSchema.shape).flatMap(([name, schema]) =>
    flagTexts.get(schema)?.value === 'path' ? [name] : [],
  ),
);

/** Settings with the last part of each path. */
function withoutFolders(settings: RunInformation['settings']): RunInformation['settings'] {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      typeof value === 'string' && PATHS.has(name) && !isHubModel(value) ? basename(value) : value,
    ]),
  );
}

/** Settings cut to a number and to lengths that a page can show. */
function bounded(settings: RunInformation['settings']): RunInformation['settings'] {
  return Object.fromEntries(
    Object.entries(settings)
      .slice(0, MAX_SETTINGS)
      .map(([name, value]) => {
        const text = typeof value === 'string' ? value : JSON.stringify(value);
        const isShort = text === undefined || text.length <= MAX_TEXT_LENGTH;
        return [shortened(name, MAX_TEXT_LENGTH), isShort ? value : shortened(text, MAX_TEXT_LENGTH)];
      }),
  );
}

/** A text, or the beginning of a long one and `…`. */
export function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
