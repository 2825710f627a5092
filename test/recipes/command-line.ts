/** @file Checks a `minillm` command line without doing what it says. */

import type { Command } from 'commander';
import { dashboardCommand } from '#minillm/cli/dashboard/command.js';
import { dataCommand } from '#minillm/cli/data/command.js';
import { doctorCommand } from '#minillm/cli/doctor/command.js';
import { evalCommand } from '#minillm/cli/eval/command.js';
import { exportCommand } from '#minillm/cli/export/command.js';
import { planCommand } from '#minillm/cli/plan/command.js';
import { publishCommand } from '#minillm/cli/publish/command.js';
import { reportCommand } from '#minillm/cli/report/command.js';
import { sampleCommand } from '#minillm/cli/sample/command.js';
import { serveCommand } from '#minillm/cli/serve/command.js';
import { trainCommand } from '#minillm/cli/train/command.js';
import { minillm } from '../cli/minillm.ts';

const COMMANDS: Readonly<Record<string, () => Command>> = {
  dashboard: dashboardCommand,
  data: dataCommand,
  doctor: doctorCommand,
  eval: evalCommand,
  export: exportCommand,
  plan: planCommand,
  publish: publishCommand,
  report: reportCommand,
  sample: sampleCommand,
  serve: serveCommand,
  train: trainCommand,
};

/**
 * Throws when the command line would be refused: its flags are read by the command itself, and the settings of `train` are
 * decided as well.
 * @param args begins with the command's name
 */
export async function checkCommandLine(args: readonly string[]): Promise<void> {
  const [name = '', ...flags] = args;
  const make = COMMANDS[name];
  if (!make) throw new Error(`minillm ${args.join(' ')}: no command ${name}`);
  withoutAction(make()).parse(flags, { from: 'user' });
  if (name !== 'train') return;
  const { code, stderr } = await minillm(name, ...flags, '--print-config');
  if (code !== 0) throw new Error(`minillm ${args.join(' ')}: ${stderr}`);
}

function withoutAction(command: Command): Command {
  for (const child of command.commands) withoutAction(child);
  if (command.commands.length === 0) command.action(() => undefined);
  return command.exitOverride().configureOutput({ writeErr: () => undefined });
}
