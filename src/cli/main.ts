/**
 * @file The command line. Each command's file declares its flags and imports its work only when it runs, so that `--help`
 * answers at once. Exit codes: 0, 1 for an error, 2 for a wrong command line.
 */

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { messageOf, UserError } from '../support/errors.ts';
import { dashboardCommand } from './dashboard/command.ts';
import { dataCommand } from './data/command.ts';
import { doctorCommand } from './doctor/command.ts';
import { evalCommand } from './eval/command.ts';
import { exportCommand } from './export/command.ts';
import { planCommand } from './plan/command.ts';
import { publishCommand } from './publish/command.ts';
import { quickstartCommand } from './quickstart/command.ts';
import { reportCommand } from './report/command.ts';
import { runsCommand } from './runs/command.ts';
import { sampleCommand } from './sample/command.ts';
import { serveCommand } from './serve/command.ts';
import { siteCommand } from './site/command.ts';
import { endOnBatchSignal, endWithReader } from './terminal/signals.ts';
import { trainCommand } from './train/command.ts';

const EXAMPLE = `
Examples:
  $ minillm data text book.txt --out data/book
  $ minillm train --data data/book --out out/book --preset tiny --steps 300
  $ minillm sample --checkpoint out/book --prompt "Once"
`;

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

function buildProgram(): Command {
  const program = new Command('minillm')
    .description('pretrain GPT-2 from scratch: from raw text to tokens, to a trained model, to new text')
    .version(version(), '--version', 'print the version')
    .option('--verbose', 'print the stack trace of an error')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(asOneLine(text)) })
    .addHelpText('after', EXAMPLE)
    .exitOverride();
  const commands = [
    quickstartCommand(),
    dataCommand(),
    planCommand(),
    trainCommand(),
    dashboardCommand(),
    evalCommand(),
    sampleCommand(),
    serveCommand(),
    siteCommand(),
    reportCommand(),
    exportCommand(),
    publishCommand(),
    runsCommand(),
    doctorCommand(),
  ];
  for (const command of commands) addCommand(program, command);
  return program;
}

/** Commander passes its settings only to commands that it creates itself. */
function addCommand(parent: Command, command: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) addCommand(command, child);
  if (!parent.commands.includes(command)) parent.addCommand(command);
}

/** Commander's `error: …\n(Did you mean …?)` in the form of every other error. */
function asOneLine(text: string): string {
  return `${text
    .trim()
    .replace(/^error: /, 'minillm: ')
    .replace(/\s*\n\s*/g, ' ')}\n`;
}

/** Prints the error unless commander has, and returns the exit code. */
function report(error: unknown, verbose: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const message = messageOf(error)
    .trim()
    .replace(/\s*\n\s*/g, ' ');
  const hint = error instanceof UserError || verbose ? '' : ' (a bug in minillm; --verbose shows where)';
  console.error(`minillm: ${message}${hint}`);
  if (verbose && error instanceof Error) console.error(error.stack);
  return 1;
}

endOnBatchSignal();
endWithReader(process.stdout);
const program = buildProgram();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error, program.opts<{ verbose?: boolean }>().verbose ?? false);
}
