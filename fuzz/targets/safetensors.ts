/** @file `model.safetensors` of a Hugging Face folder: opened, and every parameter read. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileTarget } from '../file-target.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import { mutateText } from '../mutate/json.ts';
import { inTemporaryFolder, readModel, writeModel } from '../small-model.ts';
import type { Mutate } from '../target.ts';

const NAME = 'model.safetensors';

/** Half of the time the header as JSON, mostly with its length made to fit. */
const mutate: Mutate = (input, choice, others) => {
  const said = input.length < 8 ? 0n : input.readBigUInt64LE();
  if (choice.once(2) || said + 8n > BigInt(input.length)) return mutateBytes(input, choice, others);
  const end = 8 + Number(said);
  const header = Buffer.from(mutateText(input.toString('utf8', 8, end), choice));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length + (choice.once(20) ? choice.below(20) : 0)));
  return Buffer.concat([length, header, input.subarray(end)]);
};

export const target = fileTarget({
  name: 'safetensors',
  fileName: NAME,
  seeds: () =>
    inTemporaryFolder(async (folder) => {
      await writeModel(folder);
      return [await readFile(join(folder, NAME))];
    }),
  mutate,
  prepare: writeModel,
  read: (_, folder) => readModel(folder),
});
