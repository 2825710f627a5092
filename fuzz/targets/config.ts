/** @file `config.json` of a Hugging Face folder: opened with the weights beside it. */

import { renderGpt2Config } from '#minillm/formats/gpt2-config.js';
import { fileTarget } from '../file-target.ts';
import { mutateJson } from '../mutate/json.ts';
import { CONFIG, readModel, writeModel } from '../small-model.ts';

export const target = fileTarget({
  name: 'config',
  fileName: 'config.json',
  seeds: () => [renderGpt2Config(CONFIG)],
  mutate: mutateJson,
  prepare: writeModel,
  read: (_, folder) => readModel(folder),
});
