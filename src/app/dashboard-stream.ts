/**
 * @file What the dashboard's server tells its page, as Server-Sent Events: `runs` once and when they have changed, an `update`
 * whenever a run has something new, `problem` when one cannot be read, or can be again. An event's id is the position from
 * which a page that lost the connection goes on.
 */

/** Measured numbers by step; JSON has neither NaN nor infinity, which are null. */
export type Column = (number | null)[];

/** One array for each measured quantity, all of the same length. */
export interface TrainColumns {
  readonly step: number[];
  readonly loss: Column;
  readonly lr: Column;
  readonly norm: Column;
  readonly ms: Column;
  readonly tokensPerSecond: Column;
  readonly mfu: Column;
}

export interface EvaluationColumns {
  readonly step: number[];
  readonly validationLoss: Column;
  /** HellaSwag's accuracy, normalised by length. */
  readonly hellaswag: Column;
  /** Of how many examples. */
  readonly hellaswagExamples: Column;
}

export interface Sample {
  readonly step: number;
  readonly text: string;
}

/** Everything that was measured of a run, or what is new of it. */
export interface RunHistory {
  readonly train: TrainColumns;
  readonly evaluations: EvaluationColumns;
  readonly samples: Sample[];
}

/** What is known of a run beside its measurements. */
export interface RunInformation {
  readonly name: string;
  /** Steps of the whole run, where that is known. */
  readonly steps?: number;
  /** Names and values for a person: model, device, data, batch. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Every setting by name. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What is told of a run. */
export interface ToldRun extends RunInformation {
  /** Whether a process trains it now. */
  readonly isTraining: boolean;
}

export interface RunUpdate extends RunHistory {
  /** Which of the runs. */
  readonly run: number;
  /** Whether this stands in place of all that was told of the run before. */
  readonly replaces: boolean;
}

export interface RunProblem {
  readonly run: number;
  /** Why it cannot be read; null when it can be again. */
  readonly message: string | null;
}
