/**
 * @file How a run was made. `run.json` in its folder is written whenever a process starts to train it, so that this is
 * known before the first checkpoint; nothing is resumed from it. Where it is missing, the checkpoints say.
 */

import { join } from 'node:path';
import { z } from 'zod';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { readGpt2Config } from '../formats/gpt2-config-file.ts';
import { parameterCount } from '../model/flops.ts';
import { UserError } from '../support/errors.ts';
import { writeFileAtomic } from '../support/files.ts';
import { readJsonFile } from '../support/json-file.ts';
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
 * Writes `run.json`, replacing that of an earlier process.
 * @throws UserError when the system refuses.
 */
export async function writeRunFacts(
  runFolder: string,
  modelConfig: Gpt2Config,
  { configuration, versions }: Omit<RunFacts, 'parameters'>,
): Promise<void> {
  const facts = { parameters: parameterCount(modelConfig), model: modelConfig, versions, configuration };
  await writeFileAtomic(factsPath(runFolder), `${JSON.stringify(facts, null, 2)}\n`);
}

/** The facts of a run, from `run.json` or else from its newest readable checkpoint; undefined when there is neither. */
export async function readRunFacts(runFolder: string): Promise<RunFacts | undefined> {
  return (
    (await unlessDamaged(() => readJsonFile(factsSchema, factsPath(runFolder)))) ??
    (await unlessDamaged(() => readCheckpointFacts(runFolder)))
  );
}

async function readCheckpointFacts(runFolder: string): Promise<RunFacts | undefined> {
  for (const { path } of await listCheckpoints(runFolder)) {
    // training skips damaged ones too
    const facts = await unlessDamaged(async () => {
      const { configuration, versions } = await readTrainingState(path);
      return { configuration, versions, parameters: parameterCount(await readGpt2Config(join(path, 'config.json'))) };
    });
    if (facts) return facts;
  }
  return undefined;
}

/** What `read` returns; undefined if the file is missing, damaged, or was just removed for a newer one. */
async function unlessDamaged<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof UserError) return undefined;
    throw cause;
  }
}
