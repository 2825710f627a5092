/** @file `dataset.json`, which stands beside the shards and says where they come from and what they hold. */
import { join } from 'node:path';
import { z } from 'zod';
import { exists, writeFileAtomic } from '../../support/files.ts';
import { END_OF_TEXT, VOCABULARY_SIZE } from '../../support/gpt2-vocabulary.ts';
import { listOf } from '../../support/json.ts';
import { readJsonFile } from '../../support/json-file.ts';

export const DESCRIPTION_NAME = 'dataset.json';

/** A hundred thousand shards. */
export const MAX_DESCRIPTION_BYTES = 20_000_000;

const count = z.int().nonnegative();

/** Of a file in the folder itself. */
export const fileName = z.string().regex(/^[^./\\][^/\\]*$/, 'expected a file name without folders');

export const descriptionSchema = z.object({
  formatVersion: z.literal(1),
  /** What the documents are, for people: a hub data set, file names. */
  source: z.string(),
  tokenizer: z.object({ name: z.string(), vocabularySize: count, endOfText: count }),
  /** What the shards were made with by `minillm data`: the same command again finds them finished. */
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
  documents: count,
  validationTokens: count,
  trainTokens: count,
  shards: listOf(
    z.object({
      name: fileName,
      split: z.enum(['train', 'validation']),
      tokens: count,
      sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits'),
    }),
  ),
});

export type DatasetDescription = z.output<typeof descriptionSchema>;

/** How `dataset.json` names the tokenizer of this program. */
export const GPT2_TOKENIZER = { name: 'gpt2', vocabularySize: VOCABULARY_SIZE, endOfText: END_OF_TEXT };

/**
 * Reads the description in a data folder; undefined where there is none.
 * @throws UserError when it is not as it should be.
 */
export async function readDescription(folder: string): Promise<DatasetDescription | undefined> {
  const path = join(folder, DESCRIPTION_NAME);
  return (await exists(path)) ? readJsonFile(descriptionSchema, path, MAX_DESCRIPTION_BYTES) : undefined;
}

/** Writes the description of the shards in a data folder. */
export async function writeDescription(folder: string, description: DatasetDescription): Promise<void> {
  await writeFileAtomic(join(folder, DESCRIPTION_NAME), `${JSON.stringify(description, undefined, 2)}\n`);
}
