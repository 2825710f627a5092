/**
 * @file What the dashboard's server sends its page, as Server-Sent Events: `runs` at first and whenever they change; `update`
 * for each part of the measurements and whenever there is something new; `problem` when a run cannot be read, or can be read
 * again. An event's id says how much the page has, so that it continues there after a lost connection.
 */

/** Measured numbers by step; null for NaN and infinity, which JSON lacks. */
export type Column = (number | null)[];

/**
 * One array for each measured quantity, all of the same length. In a long run a point is the mean of several steps, and
 * `step` is the last of them.
 */
export interface TrainColumns {
  readonly step: number[];
  readonly loss: Column;
  readonly lr: Column;
  readonly norm: Column;
  readonly ms: Column;
  readonly tokensPerSecond: Column;
  readonly mfu: Column;
  /** Over the steps of a point, so that no step that stands out is missed. */
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
  /** The number of examples. */
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

/** What is known of a run besides its measurements. */
export interface RunInformation {
  readonly name: string;
  /** Steps of the whole run, if known. */
  readonly steps?: number;
  /** If known. */
  readonly tokensPerStep?: number;
  /** Names and values for a person: model, device, data, batch. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Every setting by name. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What the page knows of a run. */
export interface RunStatus extends RunInformation {
  /** Whether a process is training it now. */
  readonly isTraining: boolean;
}

/** Rows of a part of a run's history. */
export type RunUpdate = {
  [Part in keyof RunHistory]: {
    /** Which of the runs. */
    readonly run: number;
    readonly part: Part;
    /** The rows of the part that precede these; rows sent earlier after those no longer hold. */
    readonly from: number;
    readonly columns: RunHistory[Part];
  };
}[keyof RunHistory];

export interface RunProblem {
  readonly run: number;
  /** Why it cannot be read; null when it can be read again. */
  readonly message: string | null;
}
