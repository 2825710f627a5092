/** @file `minillm train`: its flags: one for every setting, and those of its output. */

import { Command } from 'commander';
import type { GivenSettings } from '../../train/settings.ts';
import { DEFAULT_HOST, DEFAULT_PORT, portNumber } from '../dashboard/flags.ts';
import { SETTINGS, settingOptions } from './setting-flags.ts';

interface TrainFlags extends GivenSettings {
  readonly config?: string;
  readonly printConfig?: boolean;
  readonly json?: boolean;
  readonly profile?: boolean;
  readonly panel: boolean;
  readonly dashboard?: number | true;
  readonly dashboardHost: string;
}

const EXAMPLE = `
Examples:
  $ minillm data text book.txt --out data/book
  $ minillm train --data data/book --out out/book --preset tiny --steps 300 --dashboard
  $ minillm sample --checkpoint out/book --prompt "Once"
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
    .option('--no-panel', 'print only lines on a terminal, without the panel of figures below them')
    .option(
      '--dashboard [port]',
      `show charts of the run in the browser; limits as in \`minillm dashboard --help\` (default: ${DEFAULT_PORT}, or the next free port)`,
      portNumber,
    )
    .option(
      '--dashboard-host <address>',
      'address to serve the dashboard on; 0.0.0.0 for all of this machine',
      DEFAULT_HOST,
    )
    .action(async (flags: TrainFlags) => {
      const { config, printConfig, json, profile, panel, dashboard, dashboardHost, ...given } = flags;
      const { runTraining } = await import('./run.ts');
      await runTraining(given, config, {
        printConfig: printConfig ?? false,
        json: json ?? false,
        profile: profile ?? false,
        panel,
        dashboard: dashboard ?? false,
        dashboardHost,
      });
    });
}
