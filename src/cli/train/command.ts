/** @file `minillm train`: its flags: one for every setting, and those of its output. */

import { Command } from 'commander';
import type { GivenSettings } from '../../train/settings.ts';
import { DEFAULT_HOST, DEFAULT_PORT, portNumber } from '../dashboard/flags.ts';
import { wholeNumber } from '../flags.ts';
import { LOGGERS, type LoggerName, loggerNames } from './log-to.ts';
import { SETTINGS, settingOptions } from './setting-flags.ts';

interface TrainFlags extends GivenSettings {
  readonly config?: string;
  readonly printConfig?: boolean;
  readonly json?: boolean;
  readonly profile?: boolean;
  readonly panel: boolean;
  readonly logTo?: readonly LoggerName[];
  readonly dashboard?: number | true;
  readonly dashboardHost: string;
  readonly processes?: number;
  readonly rankTimeout: number;
}

/** Of a rank that is silent, in seconds. */
const RANK_TIMEOUT = 60;

const EXAMPLE = `
Examples:
  $ minillm data text book.txt --out data/book
  $ minillm train --data data/book --out out/book --preset tiny --steps 300 --dashboard
  $ minillm train --data data/book --out out/book --preset tiny --log-to tensorboard && tensorboard --logdir out
  $ minillm sample --checkpoint out/book --prompt "Once"
  $ minillm train --data data/book --out out/book --preset tiny --batch-size 4 --processes 2
  $ mpirun -n 4 node bin/minillm.js train --data data/book --out out/book --preset gpt2-124m
`;

/** The command with one flag for every setting. */
export function trainCommand(): Command {
  const command = new Command('train')
    .description('train a GPT-2 on token shards, or resume a run folder that holds checkpoints')
    .addHelpText('after', EXAMPLE);
  for (const option of SETTINGS.flatMap(settingOptions)) command.addOption(option);
  return command
    .option('--config <file>', 'JSON file of settings; flags override it')
    .option('--print-config', 'print the settings and exit')
    .option(
      '--profile',
      'time the second step by operation: prints a table and writes OUT/profile.json for ui.perfetto.dev',
    )
    .option('--json', 'print events as JSON, one per line')
    .option(
      '--log-to <names>',
      `also log to other programs while it trains: ${LOGGERS.join(', ')}, or both with a comma between them`,
      loggerNames,
    )
    .option('--no-panel', 'on a terminal, print only lines, without the panel of figures below them')
    .option(
      '--dashboard [port]',
      `show charts of the run in the browser; limits as in \`minillm dashboard --help\` (default: ${DEFAULT_PORT}, or the next free port)`,
      portNumber,
    )
    .option(
      '--dashboard-host <address>',
      'address to serve the dashboard on; 0.0.0.0 for all addresses of this machine',
      DEFAULT_HOST,
    )
    .option(
      '--processes <n>',
      'train with n ranks on this machine: on CPUs over MPI, on GPUs over NCCL, one GPU each',
      wholeNumber(1),
    )
    .option(
      '--rank-timeout <seconds>',
      'how long another rank may be silent before the run ends with an error',
      wholeNumber(1),
      RANK_TIMEOUT,
    )
    .action(async (flags: TrainFlags) => {
      const { config, printConfig, json, profile, panel, logTo, ...others } = flags;
      const { dashboard, dashboardHost, processes, rankTimeout, ...given } = others;
      if (processes !== undefined && !printConfig) {
        const { chosenDevice } = await import('./run.ts');
        const { runProcesses } = await import('./processes.ts');
        const device = await chosenDevice(given, config);
        const args = withoutProcesses(process.argv.slice(2));
        await runProcesses(processes, { args, device, threads: given.threads });
        return;
      }
      const { runTraining } = await import('./run.ts');
      await runTraining(given, config, {
        printConfig: printConfig ?? false,
        json: json ?? false,
        profile: profile ?? false,
        panel,
        logTo: logTo ?? [],
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
