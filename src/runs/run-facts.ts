/**
 * @file How a run is made. `run.json` of its folder is written whenever a process begins to train it, so that this is known
 * before the first checkpoint; nothing is resumed from it. Runs that have none are known by their checkpoints.
 */

import { join } from 'node:path';
import { z } from 'zod';
import { type Gpt2Config, readGpt2Config } from '../formats/gpt2-config.ts';
import { parameterCount } from '../model/flops.ts';
import { UserError } from '../support/errors.ts';
import { writeFileAtomic } from '../support/files.ts';
import { readJsonFile } from '../support/json.ts';
import { listCheckpoints } from './checkpoints.ts';
import type { RunFacts } from './facts.ts';
import { readTrainingState } from './state.ts';

const factsSchema = z.object({
  configuration: z.record(z.string(), z.unknown()),
  versions: z.record(z.string(), z.string()),
  parameters: z.int().positive(),
}) satisfies z.ZodType<RunFacts>;

const factsPath = (runFolder: string): string => join(runFolder, 'run.json');

/**
 * Writes `run.json`, over that of an earlier process.
 * @throws UserError when the system refuses.
 */
export async function writeRunFacts(
  runFolder: string,
  config: Gpt2Config,
  { configuration, versions }: Omit<RunFacts, 'parameters'>,
): Promise<void> {
  const facts = { parameters: parameterCount(config), model: config, versions, configuration };
  await writeFileAtomic(factsPath(runFolder), `${JSON.stringify(facts, null, 2)}\n`);
}

/** What is known of a run: by `run.json`, else by its newest checkpoint that can be read, else nothing. */
export async function readRunFacts(runFolder: string): Promise<RunFacts | undefined> {
  return (
    (await unlessDamaged(() => readJsonFile(factsSchema, factsPath(runFolder)))) ??
    (await unlessDamaged(() => factsOfCheckpoints(runFolder)))
  );
}

async function factsOfCheckpoints(runFolder: string): Promise<RunFacts | undefined> {
  for (const { path } of await listCheckpoints(runFolder)) {
    // training passes over damaged ones too
    const facts = await unlessDamaged(async () => {
      const { configuration, versions } = await readTrainingState(path);
      return { configuration, versions, parameters: parameterCount(await readGpt2Config(join(path, 'config.json'))) };
    });
    if (facts) return facts;
  }
  return undefined;
}

/** What is read; undefined where it is missing, damaged, or just removed for a newer one. */
async function unlessDamaged<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof UserError) return undefined;
    throw cause;
  }
}
