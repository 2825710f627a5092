/** @file The file of `train --config`. */

import { readSettingsFile } from '#minillm/cli/train/settings-file.js';
import { countMicroSteps } from '#minillm/train/micro-steps.js';
import { completeSettings } from '#minillm/train/resolve-settings.js';
import { chooseSettings } from '#minillm/train/settings.js';
import { fileTarget } from '../file-target.ts';
import { mutateJson } from '../mutate/json.ts';
import { CONFIGURATION } from '../small-run.ts';

const { trainTokens: _, ...settings } = CONFIGURATION;

export const target = fileTarget({
  name: 'settings',
  fileName: 'config.json',
  seeds: () => [JSON.stringify(settings), JSON.stringify({ data: 'data', out: 'out', preset: 'gpt2-124m', lr: 6e-4 })],
  mutate: mutateJson,
  async read(path) {
    countMicroSteps(completeSettings(chooseSettings({}, await readSettingsFile(path)), 1024), 1);
  },
});
