/** @file `minillm plan`: its flags. */

import { Command, Option } from 'commander';
import { SOFTWARE } from '../../plan/software.ts';
import type { GivenSettings } from '../../train/settings.ts';
import { oneOf, realNumber, wholeNumber } from '../flags.ts';
import { settingOptions } from '../train/setting-flags.ts';
import { deviceCounts } from './device-counts.ts';
import type { PlanFlags } from './run.ts';

/** The settings of training that a plan depends on. */
const SETTINGS = [
  'preset',
  'recipe',
  'optimizer',
  'batchSize',
  'sequenceLength',
  'totalBatchSize',
  'steps',
  'precision',
  'sampleEvery',
  'threads',
  'zero',
] as const satisfies readonly (keyof GivenSettings)[];

const EXAMPLE = `
Without --hardware this machine is measured for some seconds. GPUs are planned in bf16 unless --precision is given. A .json file has the
fields of a profile:
  {"name", "peak": {"fp32", "bf16"}, "products": {"fp32", "bf16"}, "memory", "reserved", "memoryBandwidth", "launch",
   "watts", "devicesPerNode", "link": {"bandwidth", "latency"}, "network": {"bandwidth", "latency"}}
in FLOP/s, bytes, bytes/s, seconds and watts. How the figures are made, and how far off they were: docs/scaling.md.

Examples:
  $ minillm plan
  $ minillm plan --hardware h100 --gpus 8 --price 2.50
  $ minillm plan --preset gpt2-1558m --hardware h100 --gpus 8,64,512 --total-batch-size 1M --zero 1 --out scaling.svg
  $ minillm plan --run out/book
`;

/** The command. */
export function planCommand(): Command {
  const command = new Command('plan')
    .description('predict the memory, time and cost of a training run, on one device or thousands')
    .addHelpText('after', EXAMPLE)
    .option('--run <folder>', 'show what this run should take on this machine beside what it took')
    .option('--hardware <name>', 'this, a100-80gb, h100, h200, rtx-4090, or a .json file with a profile', 'this')
    .addOption(
      new Option('--software <name>', 'whose efficiency on a GPU to expect; that of this machine is measured')
        .choices(Object.keys(SOFTWARE))
        .argParser(oneOf(Object.keys(SOFTWARE)))
        .default('llm.c'),
    )
    .option(
      '--gpus <list>',
      'numbers of devices: the first in detail, all in the table (default: a node)',
      deviceCounts,
    )
    .option('--nodes <number>', 'number of whole nodes, instead of --gpus', wholeNumber(1, 10_000));
  for (const option of SETTINGS.flatMap(settingOptions)) command.addOption(option);
  return command
    .option('--price <amount>', 'price of a device for an hour', realNumber(0))
    .option('--energy-price <amount>', 'price of a kWh', realNumber(0))
    .option('--out <picture>', 'draw tokens/s against devices, as .svg or .png')
    .option('--json', 'print the plan as JSON')
    .action(async (flags: PlanFlags & GivenSettings) => {
      const { runPlan } = await import('./run.ts');
      await runPlan(flags);
    });
}
