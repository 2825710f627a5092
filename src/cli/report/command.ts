/** @file `minillm report`: its flags. */

import { Command, Option } from 'commander';
import { tokenCount } from '../flags.ts';
import type { ReportFlags } from './run.ts';

const EXAMPLE = `
A run is a run folder; a log of build-nanogpt (log/log.txt) or llm.c (log124M/main.log), or the folder it is in; or a table
(TSV, CSV) whose header names step and any of loss, val_loss, hellaswag, lr and norm. NAME=PATH gives a run another name.
The report is results-light.svg, results-dark.svg, the same as .png, and report.html, a page that works offline.

Examples:
  $ minillm report out/book
  $ minillm report ours=out/124m build-nanogpt/log --tokens-per-step 524288 --out report
  $ minillm report out/124m --expect recipes/expected/gpt2-124m-fineweb-edu.tsv
  $ minillm report out/book --csv --tensorboard && tensorboard --logdir out/book/report/tensorboard
`;

/** The command. */
export function reportCommand(): Command {
  return new Command('report')
    .description("draw the loss and HellaSwag accuracy of runs against OpenAI's GPT-2, as images and as a page")
    .argument('<run...>', 'run folders, logs or tables, as PATH or NAME=PATH')
    .option('--out <folder>', 'folder for the report (default: report, in the run folder if there is one run)')
    .option('--title <text>', "title of the figure (default: the runs' names, or their number)")
    .option(
      '--expect <curve>',
      'a log or table that the runs should follow; says whether each does, or where it left it',
    )
    .option('--no-references', "leave out OpenAI's models, for runs on text other than FineWeb-Edu")
    .addOption(
      new Option(
        '--tokens-per-step <n>',
        'tokens per step of logs, which do not record it (build-nanogpt and llm.c as published: 524288)',
      ).argParser(tokenCount(1)),
    )
    .option('--csv', "also write each run's series as a table")
    .option('--tensorboard', 'also write event files for TensorBoard')
    .option('--trackio', "also put each run into trackio's inbox")
    .option('--json', 'print the last figures of each run and the files as JSON')
    .addHelpText('after', EXAMPLE)
    .action(async (runs: string[], flags: ReportFlags) => {
      const { runReport } = await import('./run.ts');
      await runReport(runs, flags);
    });
}
