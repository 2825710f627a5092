/** @file `minillm train`: settings from flags and file, events to lines. */

import { join } from 'node:path';
import { Command } from 'commander';
import { writeFileAtomic } from '../support/files.ts';
import type { TrainerEvent } from '../train/events.ts';
import { completeSettings, type GivenSettings } from '../train/settings.ts';
import { profileTable } from './profile-table.ts';
import { Progress } from './progress.ts';
import { optionsOf, SETTINGS } from './setting-flags.ts';
import { readSettingsFile } from './settings-file.ts';
import { abortOnSignals } from './signals.ts';
import { evalLines, StepTimes, startLines, stepLine } from './train-lines.ts';

interface TrainFlags extends GivenSettings {
  readonly config?: string;
  readonly printConfig?: boolean;
  readonly json?: boolean;
  readonly profile?: boolean;
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
  for (const option of SETTINGS.flatMap(optionsOf)) command.addOption(option);
  return command
    .option('--config <file>', 'JSON file of settings; flags win over it')
    .option('--print-config', 'print the settings and exit')
    .option('--profile', 'measure a step by operation first: a table, and OUT/profile.json for ui.perfetto.dev')
    .option('--json', 'print events as JSON, one a line')
    .action(async (flags: TrainFlags) => {
      const { config, printConfig = false, json = false, profile = false, ...given } = flags;
      await runTraining(given, config, { printConfig, json, profile });
    });
}

async function runTraining(
  flags: GivenSettings,
  configFile: string | undefined,
  options: { readonly printConfig: boolean; readonly json: boolean; readonly profile: boolean },
): Promise<void> {
  const { train } = await import('../train/trainer.ts');
  const { gatherSettings, modelOf } = await import('../train/resume.ts');
  const { traceOf } = await import('../train/profile.ts');
  const chosen = await gatherSettings(flags, configFile ? await readSettingsFile(configFile) : {});
  if (options.printConfig) {
    const { contextLength } = await modelOf(chosen);
    console.log(JSON.stringify(completeSettings(chosen, contextLength), null, 2));
    return;
  }
  const print = options.json ? printJson : linePrinter();
  await abortOnSignals(async (signal) => {
    for await (const event of train(chosen, { signal, profile: options.profile })) {
      print(event);
      if (event.kind === 'profile') await writeFileAtomic(join(chosen.out, 'profile.json'), traceOf(event.nodes));
    }
  });
}

function printJson(event: TrainerEvent): void {
  console.log(JSON.stringify(event));
}

function linePrinter(): (event: TrainerEvent) => void {
  let steps = 0;
  const times = new StepTimes();
  const progress = new Progress();
  return (event) => {
    if (event.kind !== 'progress') progress.clear();
    switch (event.kind) {
      case 'start':
        steps = event.settings.steps;
        for (const line of startLines(event)) console.log(line);
        break;
      case 'train':
        console.log(stepLine(event, times.left(event, steps)));
        break;
      case 'eval':
        for (const line of evalLines(event)) console.log(line);
        break;
      case 'sample':
        console.log(`step ${event.step} | sample: ${event.text}`);
        break;
      case 'progress':
        progress.update(`step ${event.step} | ${event.task} ${Math.floor((100 * event.done) / event.total)} %`);
        break;
      case 'profile':
        console.log(profileTable(event.nodes));
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
