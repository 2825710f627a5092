/** @file The flag of each training setting: its name, its help with the defaults, its parser. */

import { InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { DEFAULTS, PRESET_DEFAULTS } from '../../train/defaults.ts';
import { flagTexts, type GivenSettings, settingsSchema } from '../../train/settings.ts';
import { deviceName } from '../device-flags.ts';
import { oneOf, realNumber, tokenCount, wholeNumber } from '../flags.ts';

type Key = keyof GivenSettings;

/** Every setting, in the order of the help. */
export const SETTINGS = Object.keys(settingsSchema.shape) as readonly Key[];

/** The name of a setting's flag without its hyphens: `min-lr`. */
export function flagName(key: Key): string {
  return (
    flagTexts.get(settingsSchema.shape[key])?.flag ?? key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  );
}

/** The options of a setting: one, or a pair for a setting that is on or off. */
export function settingOptions(key: Key): Option[] {
  const options = makeOptions(key);
  // commander would name the value after the flag; settings have longer names
  for (const option of options) option.attributeName = () => key;
  return options;
}

function makeOptions(key: Key): Option[] {
  const { description = '', value, alone, elsewhere } = flagTexts.get(settingsSchema.shape[key]) ?? {};
  const schema = settingsSchema.shape[key].unwrap();
  const flag = `--${flagName(key)}`;
  const help = description + defaultsText(key);
  if (schema instanceof z.ZodBoolean)
    return [new Option(flag, help), new Option(`--no-${flagName(key)}`, `do not ${description}`)];
  if (alone !== undefined) return [new Option(`${flag} [${value}]`, help).preset(alone)];
  if (schema instanceof z.ZodString) return [new Option(`${flag} <${value ?? 'text'}>`, help)];
  if (schema instanceof z.ZodNumber) {
    const option = new Option(`${flag} <${value ?? 'number'}>`, help);
    return [option.argParser(numberParser(schema, value === 'tokens'))];
  }
  const named = new Option(`${flag} <name>`, help);
  if (!(schema instanceof z.ZodEnum)) return [named.argParser(deviceName)];
  // the help lists the choices; for a wrong one the parser suggests the nearest
  return [named.choices(schema.options).argParser(oneOf(schema.options, elsewhere))];
}

/** ` (default: 19073; tiny: 400)`, or nothing for a setting whose default depends on others. */
function defaultsText(key: Key): string {
  if (!(key in DEFAULTS)) return '';
  const common = DEFAULTS[key as keyof typeof DEFAULTS];
  const others = Object.entries(PRESET_DEFAULTS).filter(([, preset]) => key in preset && preset[key] !== common);
  const texts = others.map(([name, preset]) => `; ${name}: ${JSON.stringify(preset[key])}`);
  return ` (default: ${JSON.stringify(common)}${texts.join('')})`;
}

function numberParser(schema: z.ZodNumber, isTokens: boolean): (text: string) => number {
  const min = schema.minValue ?? 0;
  const parse = isTokens ? tokenCount(min) : schema.isInt ? wholeNumber(min) : realNumber(min);
  return (text) => {
    const value = parse(text);
    if (schema.safeParse(value).success) return value;
    throw new InvalidArgumentError(`Expected a number above ${min}.`);
  };
}
