/** @file `model.safetensors.index.json`, which names the files that weights are spread over. */

import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { gpt2Parameters } from '#minillm/formats/gpt2-parameters.js';
import { fileTarget } from '../file-target.ts';
import { mutateJson } from '../mutate/json.ts';
import { CONFIG, readModel, writeModel } from '../small-model.ts';

const WEIGHTS = 'model-00001-of-00001.safetensors';

export const target = fileTarget({
  name: 'index',
  fileName: 'model.safetensors.index.json',
  seeds: () => {
    const weight_map = Object.fromEntries(gpt2Parameters(CONFIG).map(({ name }) => [name, WEIGHTS]));
    return [JSON.stringify({ metadata: { total_size: 1 }, weight_map })];
  },
  mutate: mutateJson,
  async prepare(folder) {
    await writeModel(folder);
    await rename(join(folder, 'model.safetensors'), join(folder, WEIGHTS));
  },
  read: (_, folder) => readModel(folder),
});
