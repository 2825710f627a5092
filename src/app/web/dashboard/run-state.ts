/** @file What the page knows of each run: columns that grow as updates come. */

import type { RunHistory, RunInformation, RunUpdate } from '../../dashboard-stream.ts';

export interface RunState {
  readonly information: RunInformation;
  readonly history: RunHistory;
  /** Why the run cannot be read just now. */
  readonly problem: string | undefined;
}

/** A run of which nothing has been told yet. */
export function emptyRun(information: RunInformation): RunState {
  return {
    information,
    history: {
      train: { step: [], loss: [], lr: [], norm: [], ms: [], tokensPerSecond: [], mfu: [] },
      evaluations: { step: [], validationLoss: [], hellaswag: [], hellaswagExamples: [] },
      samples: [],
    },
    problem: undefined,
  };
}

/** The run after an update. The arrays of a run that only grows are added to in place. */
export function afterUpdate(run: RunState, update: RunUpdate): RunState {
  const { train, evaluations, samples } = update;
  if (update.replaces) return { ...run, history: { train, evaluations, samples }, problem: undefined };
  const { history } = run;
  extendColumns(history.train, train);
  extendColumns(history.evaluations, evaluations);
  extend(history.samples, samples);
  return { ...run, history: { ...history }, problem: undefined };
}

function extendColumns<Columns extends object>(columns: Columns, added: Columns): void {
  for (const key of Object.keys(columns) as (keyof Columns)[])
    extend(columns[key] as unknown[], added[key] as unknown[]);
}

function extend<T>(array: T[], added: readonly T[]): void {
  for (const value of added) array.push(value);
}
