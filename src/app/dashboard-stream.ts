/**
 * @file What the dashboard's server tells its page, as Server-Sent Events: `runs` once and when they have changed, an `update`
 * for each part of what was measured and whenever there is something new, `problem` when a run cannot be read, or can be
 * again. An event's id says how much a page has, from which one that lost the connection goes on.
 */

/** Measured numbers by step; JSON has neither NaN nor infinity, which are null. */
export type Column = (number | null)[];

/**
 * One array for each measured quantity, all of the same length. Of a long run a point is the mean of several steps, of which
 * `step` is the last.
 */
export interface TrainColumns {
  readonly step: number[];
  readonly loss: Column;
  readonly lr: Column;
  readonly norm: Column;
  readonly ms: Column;
  readonly tokensPerSecond: Column;
  readonly mfu: Column;
  /** Of the steps of a point, so that none is missed that stands out. */
  readonly lowestLoss: Column;
  readonly highestLoss: Column;
  readonly lowestNorm: Column;
  readonly highestNorm: Column;
}

export interface EvaluationColumns {
  readonly step: number[];
  readonly validationLoss: Column;
  /** HellaSwag's accuracy, normalised by length. */
  readonly hellaswag: Column;
  /** Of how many examples. */
  readonly hellaswagExamples: Column;
}

export interface SampleColumns {
  readonly step: number[];
  readonly text: string[];
}

/** Everything that was measured of a run. */
export interface RunHistory {
  readonly train: TrainColumns;
  readonly evaluations: EvaluationColumns;
  readonly samples: SampleColumns;
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

/** Rows of a part of a run's history. */
export type RunUpdate = {
  [Part in keyof RunHistory]: {
    /** Which of the runs. */
    readonly run: number;
    readonly part: Part;
    /** How many rows of it stand before these; what was told behind those no longer holds. */
    readonly from: number;
    readonly columns: RunHistory[Part];
  };
}[keyof RunHistory];

export interface RunProblem {
  readonly run: number;
  /** Why it cannot be read; null when it can be again. */
  readonly message: string | null;
}
