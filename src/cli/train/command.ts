/** @file `minillm train`: its flags, one for every setting and those of its output. */

import { Command } from 'commander';
import type { GivenSettings } from '../../train/settings.ts';
import { DEFAULT_HOST, DEFAULT_PORT, portNumber } from '../dashboard/flags.ts';
import { wholeNumber } from '../flags.ts';
import { optionsOf, SETTINGS } from './setting-flags.ts';

interface TrainFlags extends GivenSettings {
  readonly config?: string;
  readonly printConfig?: boolean;
  readonly json?: boolean;
  readonly profile?: boolean;
  readonly panel: boolean;
  readonly dashboard?: number | true;
  readonly dashboardHost: string;
  readonly processes?: number;
  readonly rankTimeout: number;
}

/** Of a rank that answers nothing, in seconds. */
const RANK_TIMEOUT = 60;

const EXAMPLE = `
Examples:
  $ minillm data text book.txt --out data/book
  $ minillm train --data data/book --out out/book --preset tiny --steps 300 --dashboard
  $ minillm sample --checkpoint out/book --prompt "Once"
  $ minillm train --data data/book --out out/book --preset tiny --processes 2
  $ mpirun -n 4 node bin/minillm.js train --data data/book --out out/book --preset gpt2-124m
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
    .option(
      '--profile',
      'measure the second step by operation: a table, and OUT/profile.json for ui.perfetto.dev; sooner with a smaller --total-batch-size',
    )
    .option('--json', 'print events as JSON, one a line')
    .option('--no-panel', 'on a terminal, print the lines alone, without the panel of figures under them')
    .option(
      '--dashboard [port]',
      `serve charts of the run to a browser, within the limits of \`minillm dashboard --help\` (default: ${DEFAULT_PORT}, or the next port that is free)`,
      portNumber,
    )
    .option(
      '--dashboard-host <address>',
      'network address of the dashboard; 0.0.0.0 for all of this machine',
      DEFAULT_HOST,
    )
    .option('--processes <n>', 'train with n ranks on this machine, started through `mpirun`', wholeNumber(1))
    .option(
      '--rank-timeout <seconds>',
      'how long another rank may answer nothing before the run ends with an error',
      wholeNumber(1),
      RANK_TIMEOUT,
    )
    .action(async (flags: TrainFlags) => {
      const { config, printConfig, json, profile, panel, dashboard, dashboardHost, processes, rankTimeout, ...given } =
        flags;
      if (processes !== undefined && !printConfig) {
        const { runProcesses } = await import('./processes.ts');
        await runProcesses(processes, withoutProcesses(process.argv.slice(2)));
        return;
      }
      const { runTraining } = await import('./run.ts');
      await runTraining(given, config, {
        printConfig: printConfig ?? false,
        json: json ?? false,
        profile: profile ?? false,
        panel,
        dashboard: dashboard ?? false,
        dashboardHost,
        rankTimeout,
      });
    });
}

/** A command line without `--processes`, for the ranks it starts. */
function withoutProcesses(args: readonly string[]): string[] {
  return args.filter((arg, index) => !/^--processes(=|$)/.test(arg) && args[index - 1] !== '--processes');
}
