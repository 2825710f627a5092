/** @file What is known of a model that is served before it is opened, wherever its weights are. */

import type { Gpt2Config } from '../../../formats/gpt2-config.ts';
import type { Weights } from '../../../generate/initial-weights.ts';

export interface ModelSource {
  /** Its name in the API. */
  readonly id: string;
  /** The same for the same weights, whatever they are called. */
  readonly key: string;
  readonly config: Gpt2Config;
  open(): Promise<Weights>;
}

/** A checkpoint of the main model's run. */
export interface StepSource extends ModelSource {
  readonly step: number;
}

export interface CurvePoint {
  readonly step: number;
  readonly loss: number;
}

/** What a run has measured. */
export interface RunCurves {
  /** Training losses, thinned. */
  readonly curve: readonly CurvePoint[];
  /** By their steps. */
  readonly validationLosses: ReadonlyMap<number, number>;
}

/** The model that is served, and what is known of its run. */
export interface MainModel extends ModelSource {
  /** Whether its run has a page of its own. */
  readonly hasRunPage: boolean;
  /** Every checkpoint of its run as `NAME@STEP`, in order of their steps. */
  checkpoints(): Promise<readonly StepSource[]>;
  curves(): Promise<RunCurves>;
}
