/** @file A model file of llm.c, in fp32 and bf16: opened, and every parameter read. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { LLMC_TYPES } from '#minillm/formats/llmc/layout.js';
import { llmcModelFile } from '#minillm/formats/llmc/model-file.js';
import { writeFileAtomic } from '#minillm/support/files.js';
import { fileTarget } from '../file-target.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import { inTemporaryFolder, readModel, writeModel } from '../small-model.ts';
import type { Mutate } from '../target.ts';

/** Magic, version, six extents. */
const FIELDS = 8;

/** Half of the time a number of the header, often one that is nearly right. */
const mutate: Mutate = (input, choice, others) => {
  if (choice.once(2) || input.length < 4 * FIELDS) return mutateBytes(input, choice, others);
  const changed = Buffer.from(input);
  const at = 4 * choice.below(FIELDS);
  const value = choice.once(2) ? input.readInt32LE(at) + choice.below(5) - 2 : choice.below(2 ** 32);
  changed.writeInt32LE(value | 0, at);
  return changed;
};

export const target = fileTarget({
  name: 'llmc',
  fileName: 'model.bin',
  seeds: () =>
    inTemporaryFolder(async (folder) => {
      await writeModel(folder);
      const model = await openGpt2Folder(folder);
      const paths = LLMC_TYPES.map((type) => ({ type, path: join(folder, `${type}.bin`) }));
      for (const { type, path } of paths) await writeFileAtomic(path, llmcModelFile(model, type).pieces());
      await model.close();
      return Promise.all(paths.map(({ path }) => readFile(path)));
    }),
  mutate,
  read: (path) => readModel(path),
});
