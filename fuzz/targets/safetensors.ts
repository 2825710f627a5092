/** @file `model.safetensors` of a Hugging Face folder: opened, and every parameter read. */

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Choice } from '../choice.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import { mutateText } from '../mutate/json.ts';
import type { Mutate, Target } from '../target.ts';
import { readModel, temporary, writeModel } from './model.ts';

const NAME = 'model.safetensors';

/** Half of the time the header as JSON, its length made to fit. */
const mutate: Mutate = (input, choice, others) => {
  const length = input.length < 8 ? 0n : input.readBigUInt64LE();
  if (choice.once(2) || length > BigInt(input.length)) return mutateBytes(input, choice, others);
  const end = 8 + Number(length);
  return withHeader(mutateText(input.toString('utf8', 8, end), choice), input.subarray(end), choice);
};

function withHeader(json: string, rest: Buffer, choice: Choice): Buffer {
  const header = Buffer.from(json);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Math.max(0, header.length + (choice.once(20) ? choice.below(20) - 10 : 0))));
  return Buffer.concat([length, header, rest]);
}

export const target: Target = {
  name: 'safetensors',
  kind: 'file',
  seeds: () =>
    temporary(async (folder) => {
      await writeModel(folder);
      return [await readFile(join(folder, NAME))];
    }),
  mutate,
  async open(folder) {
    await writeModel(folder);
    return {
      async run(input) {
        await rm(join(folder, NAME));
        await writeFile(join(folder, NAME), input);
        await readModel(folder);
      },
    };
  },
};
