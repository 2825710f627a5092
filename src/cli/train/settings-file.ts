/** @file The file of `--config`: a JSON object of training settings, named as `--print-config` names them or as the flags. */

import { z } from 'zod';
import { UserError } from '../../support/errors.ts';
import { validate } from '../../support/json.ts';
import { readJsonFile } from '../../support/json-file.ts';
import { nearestName } from '../../support/suggest.ts';
import { type GivenSettings, settingsSchema } from '../../train/settings.ts';
import { flagName, SETTINGS } from './setting-flags.ts';

/**
 * Reads a settings file.
 * @throws UserError when it cannot be read, names an unknown setting, or gives a setting a wrong value
 */
export async function readSettingsFile(path: string): Promise<GivenSettings> {
  const keys = new Map<string, string>([
    ...SETTINGS.map((key) => [key, key] as const),
    ...SETTINGS.map((key) => [flagName(key), key] as const),
  ]);
  const settings: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(await readJsonFile(z.record(z.string(), z.unknown()), path))) {
    const key = keys.get(name);
    if (key === undefined) {
      const meant = nearestName(name, keys.keys());
      const advice = meant === undefined ? '`minillm train --help` lists them' : `did you mean ${meant}?`;
      throw new UserError(`${path}: unknown setting "${name}"; ${advice}`);
    }
    if (key in settings)
      throw new UserError(`${path}: ${key} is given twice, by its name and by its flag name; remove one`);
    settings[key] = value;
  }
  return validate(settingsSchema, settings, path);
}
