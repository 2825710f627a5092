/** @file What the page knows of each run: columns that grow as updates come. */

import type { RunHistory, RunUpdate, ToldRun } from '../../dashboard-stream.ts';

export interface RunState {
  readonly information: ToldRun;
  readonly history: RunHistory;
  /** Why the run cannot be read just now. */
  readonly problem: string | null;
}

/** A run of which nothing has been measured yet. */
export function emptyRun(information: ToldRun): RunState {
  return {
    information,
    history: {
      train: {
        ...{ step: [], loss: [], lr: [], norm: [], ms: [], tokensPerSecond: [], mfu: [] },
        ...{ lowestLoss: [], highestLoss: [], lowestNorm: [], highestNorm: [] },
      },
      evaluations: { step: [], validationLoss: [], hellaswag: [], hellaswagExamples: [] },
      samples: { step: [], text: [] },
    },
    problem: null,
  };
}

/** Steps that a run has behind it. */
export function stepsTrained({ history }: RunState): number {
  return (history.train.step.at(-1) ?? -1) + 1;
}

/** Whether a run has trained the last of its steps. */
export function isFinished(run: RunState): boolean {
  return stepsTrained(run) >= (run.information.steps ?? Number.POSITIVE_INFINITY);
}

/** What a run does, as `minillm runs` tells it. */
export function stateOf(run: RunState): 'training' | 'finished' | 'stopped' | 'not begun' {
  if (run.information.isTraining) return 'training';
  if (isFinished(run)) return 'finished';
  return stepsTrained(run) > 0 ? 'stopped' : 'not begun';
}

/** The runs under what is told of them now. */
export function afterNews(runs: readonly RunState[], told: readonly ToldRun[]): RunState[] {
  return told.map((information, index) => {
    const run = runs[index];
    return run ? { ...run, information } : emptyRun(information);
  });
}

/** The run after an update. The arrays of a run that only grows are added to in place. */
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
