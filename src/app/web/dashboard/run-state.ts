/** @file What the page knows of each run: columns that grow with each update. */

import type { RunHistory, RunStatus, RunUpdate } from '../../dashboard-stream.ts';

export interface RunState {
  readonly information: RunStatus;
  readonly history: RunHistory;
  /** Why the run cannot be read at the moment. */
  readonly problem: string | null;
}

/** A run of which nothing has been measured yet. */
export function emptyRun(information: RunStatus): RunState {
  return {
    information,
    history: {
      train: {
        step: [],
        loss: [],
        lr: [],
        norm: [],
        ms: [],
        tokensPerSecond: [],
        mfu: [],
        lowestLoss: [],
        highestLoss: [],
        lowestNorm: [],
        highestNorm: [],
      },
      evaluations: { step: [], validationLoss: [], hellaswag: [], hellaswagExamples: [] },
      samples: { step: [], text: [] },
    },
    problem: null,
  };
}

/** The number of steps that a run has done. */
export function stepsTrained({ history }: RunState): number {
  return (history.train.step.at(-1) ?? -1) + 1;
}

/** Whether a run has trained the last of its steps. */
export function isFinished(run: RunState): boolean {
  return stepsTrained(run) >= (run.information.steps ?? Number.POSITIVE_INFINITY);
}

/** The state of a run, in the words of `minillm runs`. */
export function describeState(run: RunState): 'training' | 'finished' | 'stopped' | 'not begun' {
  if (run.information.isTraining) return 'training';
  if (isFinished(run)) return 'finished';
  return stepsTrained(run) > 0 ? 'stopped' : 'not begun';
}

/** The runs with their new status. */
export function withStatuses(runs: readonly RunState[], statuses: readonly RunStatus[]): RunState[] {
  return statuses.map((information, index) => {
    const run = runs[index];
    return run ? { ...run, information } : emptyRun(information);
  });
}

/** The run after an update. New rows are added to its arrays in place. */
export function afterUpdate(run: RunState, { part, from, columns }: RunUpdate): RunState {
  const known: Readonly<Record<string, unknown[]>> = { ...run.history[part] };
  for (const [name, added] of Object.entries(columns)) {
    const column = known[name];
    if (column === undefined) continue;
    column.length = Math.min(column.length, from);
    for (const value of added) column.push(value);
  }
  return { ...run, history: { ...run.history, [part]: known } };
}
