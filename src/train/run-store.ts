/** @file Where a run is kept while it is trained: the folder of a run, or the storage of a browser. */

import type { Gpt2Config } from '../formats/gpt2-config.ts';
import type { Metrics } from '../runs/metric-lines.ts';
import type { TrainingState } from '../runs/state.ts';
import type { CheckpointedReplica } from './checkpoint-tensors.ts';

/** How far a run has come: what it needs to go on, besides weights and moments. */
export type RunProgress = Pick<TrainingState, 'step' | 'updates' | 'recent'>;

export interface StartingPoint {
  /** Undefined for a run that starts at step 0. */
  readonly state: RunProgress | undefined;
  /** The checkpoint that the run resumes from. */
  readonly from: string | undefined;
  /** Checkpoints that could not be used, and why. */
  readonly passedOver: readonly string[];
}

/** An open log: steps, evaluations and samples in their order. */
export interface RunLog {
  append(line: Metrics): void;
  close(): void;
}

/** What every rank calls says so; the rest is for the rank that writes. */
export interface RunStore {
  /**
   * Fills the model with what the run starts from. Every rank calls it.
   * @throws UserError when that cannot be used.
   */
  begin(model: CheckpointedReplica): Promise<StartingPoint>;
  /** What an earlier process has logged of a step. */
  loggedAt(step: number): Promise<Metrics[]>;
  /** Records, before the first step, how the run is made. */
  recordStart(modelConfig: Gpt2Config): Promise<void>;
  /** Opens the log for a run that goes on at a step: of it and later ones no training step is kept. */
  openLog(step: number): Promise<RunLog>;
  /** What the checkpoint of a step is called, for a person. */
  checkpointName(step: number): string;
  /** Keeps the model and how far it has come. Every rank calls it. */
  save(model: CheckpointedReplica, progress: RunProgress): Promise<void>;
  /** Removes older checkpoints than are to be kept besides that of a step. */
  removeOld(step: number): Promise<void>;
}
