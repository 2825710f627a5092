/** @file What `minillm runs` does. */

import { formatMeasured } from '../../report/figure/number-format.ts';
import { ofExamples } from '../../report/series/hellaswag-examples.ts';
import { type ListedRun, listRuns } from '../../report/sources/run-list.ts';
import { exists } from '../../support/files.ts';
import { formatCount, formatDuration } from '../../support/format.ts';
import { textTable } from '../terminal/table.ts';

export interface RunsFlags {
  readonly json?: true;
}

/** Where the README and the help put runs. */
const USUAL_FOLDERS = ['runs', 'out'];

/** Lists the runs in the given folders, or in the usual ones that exist. */
export async function runRuns(given: readonly string[], { json }: RunsFlags): Promise<void> {
  const usual: string[] = [];
  for (const folder of USUAL_FOLDERS) if (await exists(folder)) usual.push(folder);
  const folders = given.length > 0 ? given : usual;
  const runs = await listRuns(folders);
  if (json) console.log(JSON.stringify(runs));
  else if (runs.length === 0) console.log(`no runs in ${(given.length > 0 ? given : USUAL_FOLDERS).join(', ')}`);
  else printRuns(runs);
}

function printRuns(runs: readonly ListedRun[]): void {
  const readable = runs.filter(({ summary }) => summary !== undefined);
  if (readable.length > 0) {
    const head = ['run', 'model', 'step', 'train', 'validation', 'HellaSwag', 'tokens/s', 'written', 'state'];
    console.log(textTable(head, readable.map(cells), ['model', 'state']));
  }
  for (const { path, problem } of runs) if (problem !== undefined) console.log(`${path}: cannot be read: ${problem}`);
}

function cells({ path, summary, stepsPlanned, model, facts, writtenAt, state }: ListedRun): string[] {
  const seconds = writtenAt === undefined ? Number.NaN : Math.max(0, Date.now() - writtenAt) / 1000;
  const millions = facts ? ` ${(facts.parameters / 1e6).toFixed(facts.parameters < 1e7 ? 1 : 0)}M` : '';
  return [
    path,
    `${model ?? ''}${millions}`.trim() || '-',
    `${formatCount(summary?.steps ?? 0)}${stepsPlanned === undefined ? '' : ` / ${formatCount(stepsPlanned)}`}`,
    shown(summary?.trainingLoss),
    shown(summary?.validationLoss),
    `${shown(summary?.hellaswag)}${ofExamples(summary?.hellaswagExamples)}`,
    Number.isFinite(summary?.tokensPerSecond) ? formatCount(summary?.tokensPerSecond ?? 0) : '-',
    `${formatDuration(seconds)} ago`,
    state,
  ];
}

function shown(value = Number.NaN): string {
  return Number.isNaN(value) ? '-' : formatMeasured(value, 4);
}
