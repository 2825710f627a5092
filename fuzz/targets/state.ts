/** @file `state.json` of a checkpoint: resumed from, forked from, and shown. */

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { recordedInformation } from '#minillm/app/server/dashboard/run-information.js';
import { readTrainingState } from '#minillm/runs/state.js';
import { completeSettings } from '#minillm/train/resolve-settings.js';
import { chooseSettings, differences, forkedSettings } from '#minillm/train/settings.js';
import { fileTarget } from '../file-target.ts';
import { mutateJson } from '../mutate/json.ts';
import { writeModel } from '../small-model.ts';
import { STATE } from '../small-run.ts';

const STEP = 'step-00000007';

export const target = fileTarget({
  name: 'state',
  fileName: `${STEP}/state.json`,
  seeds: () => [STATE],
  mutate: mutateJson,
  async prepare(folder) {
    await mkdir(join(folder, STEP));
    await writeModel(join(folder, STEP));
    await writeFile(join(folder, STEP, 'optimizer.safetensors'), '');
  },
  async read(path, folder) {
    await recordedInformation(folder);
    const { configuration } = await readTrainingState(dirname(path));
    const settings = completeSettings({ preset: 'tiny', data: 'data', out: 'out' }, 128);
    differences(configuration, { ...settings, trainTokens: 1 });
    const chosen = chooseSettings({ fork: folder, out: join(folder, 'none') }, forkedSettings(configuration));
    completeSettings(chosen, 1024);
  },
});
