/** @file `minillm train`: settings from flags and file, events to lines. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import type { TrainerEvent } from '../train/events.ts';
import { completeSettings, DEFAULTS, type GivenSettings, readSettingsFile, settingsSchema } from '../train/settings.ts';
import { abortOnSignals } from './signals.ts';
import { startLines, stepLine } from './train-lines.ts';

interface TrainFlags extends GivenSettings {
  readonly config?: string;
  readonly printConfig?: boolean;
  readonly json?: boolean;
}

const EXAMPLE = `
Examples:
  $ minillm data text book.txt --out data/book
  $ minillm train --data data/book --out runs/book --preset tiny --steps 300
  $ minillm sample --checkpoint runs/book --prompt "Once"
`;

/** The command with one flag for every setting. */
export function trainCommand(): Command {
  const command = new Command('train')
    .description('train a GPT-2 on token shards; a run folder that holds checkpoints is resumed')
    .addHelpText('after', EXAMPLE);
  for (const key of Object.keys(settingsSchema.shape) as (keyof GivenSettings)[]) command.addOption(optionOf(key));
  return command
    .option('--config <file>', 'JSON file of settings; flags win over it')
    .option('--print-config', 'print the settings and exit')
    .option('--json', 'print events as JSON, one a line')
    .action(async (flags: TrainFlags) => {
      const { config, printConfig, json, ...given } = flags;
      await runTraining(given, config, { printConfig: printConfig ?? false, json: json ?? false });
    });
}

function optionOf(key: keyof GivenSettings): Option {
  const schema: z.ZodType = settingsSchema.shape[key];
  const { description = '', flag } = z.globalRegistry.get(schema) as { description?: string; flag?: string };
  const name = flag ?? key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const inner = settingsSchema.shape[key].unwrap();
  const preset = key in DEFAULTS ? DEFAULTS[key as keyof typeof DEFAULTS] : undefined;
  if (inner instanceof z.ZodBoolean) return named(new Option(`--no-${name}`, `do not ${description}`), key);
  const value = inner instanceof z.ZodEnum ? 'name' : inner instanceof z.ZodString ? 'path' : 'number';
  const help = preset === undefined ? description : `${description} (default: ${preset})`;
  const option = new Option(`--${name} <${value}>`, help);
  if (inner instanceof z.ZodEnum) option.choices(inner.options as string[]);
  else if (value === 'number') option.argParser((text) => parseNumber(schema, text));
  return named(option, key);
}

/** Commander names an option's value after the flag; settings are named in full. */
function named(option: Option, key: string): Option {
  option.attributeName = () => key;
  return option;
}

function parseNumber(schema: z.ZodType, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const result = schema.safeParse(value);
  if (result.success) return value;
  throw new InvalidArgumentError(result.error.issues[0]?.message ?? 'expected a number');
}

async function runTraining(
  flags: GivenSettings,
  configFile: string | undefined,
  options: { readonly printConfig: boolean; readonly json: boolean },
): Promise<void> {
  const { train } = await import('../train/trainer.ts');
  const { gatherSettings, modelOf } = await import('../train/resume.ts');
  const chosen = await gatherSettings(flags, configFile ? await readSettingsFile(configFile) : {});
  if (options.printConfig) {
    const { contextLength } = await modelOf(chosen);
    console.log(JSON.stringify(completeSettings(chosen, contextLength), null, 2));
    return;
  }
  const print = options.json ? printJson : linePrinter();
  await abortOnSignals(async (signal) => {
    for await (const event of train(chosen, { signal })) print(event);
  });
}

function printJson(event: TrainerEvent): void {
  console.log(JSON.stringify(event));
}

function linePrinter(): (event: TrainerEvent) => void {
  let steps = 0;
  return (event) => {
    switch (event.kind) {
      case 'start':
        steps = event.settings.steps;
        for (const line of startLines(event)) console.log(line);
        break;
      case 'train':
        console.log(stepLine(event, steps));
        break;
      case 'eval':
        console.log(`step ${event.step} | validation loss: ${event.validationLoss?.toFixed(4)}`);
        break;
      case 'sample':
        console.log(`step ${event.step} | sample: ${event.text}`);
        break;
      case 'checkpoint':
        console.log(`step ${event.step} | checkpoint: ${event.path}`);
        break;
      case 'end':
        if (event.interrupted) console.log(`stopped after ${event.step} of ${steps} steps; the same command resumes`);
        break;
    }
  };
}
