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
      train: { step: [], loss: [], lr: [], norm: [], ms: [], tokensPerSecond: [], mfu: [] },
      evaluations: { step: [], validationLoss: [], hellaswag: [], hellaswagExamples: [] },
      samples: [],
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
export function afterUpdate(run: RunState, update: RunUpdate): RunState {
  const { train, evaluations, samples } = update;
  if (update.replaces) return { ...run, history: { train, evaluations, samples } };
  const { history } = run;
  extendColumns(history.train, train);
  extendColumns(history.evaluations, evaluations);
  extend(history.samples, samples);
  return { ...run, history: { ...history } };
}

function extendColumns<Columns extends object>(columns: Columns, added: Columns): void {
  for (const key of Object.keys(columns) as (keyof Columns)[])
    extend(columns[key] as unknown[], added[key] as unknown[]);
}

function extend<T>(array: T[], added: readonly T[]): void {
  for (const value of added) array.push(value);
}
