/** @file What a trainer reports while it works. Steps, evaluations and samples are also written to `metrics.jsonl`. */

import type { EvalMetrics, SampleMetrics, TrainMetrics } from '../runs/metric-lines.ts';
import type { ProfiledNode } from './profile.ts';
import type { Settings } from './settings.ts';

export interface StartEvent {
  readonly kind: 'start';
  readonly settings: Settings;
  /** The device for a person. */
  readonly device: string;
  /** Processes that train together, each on a device like this one. */
  readonly ranks: number;
  readonly parameters: number;
  readonly microSteps: number;
  /** Planned bytes on the device. */
  readonly bytes: number;
  readonly windowsPerEpoch: number;
  readonly trainTokens: number;
  /** Dense matrix-product rate that MFU is relative to, FLOP/s. */
  readonly peak: number;
  /** Steps already trained, and where they were found; 0 and undefined for a new run. */
  readonly step: number;
  readonly resumedFrom: string | undefined;
  /** Newer checkpoints that could not be used, and why. */
  readonly passedOver: readonly string[];
}

/** A checkpoint from which a run can resume. */
export interface CheckpointEvent {
  readonly kind: 'checkpoint';
  readonly step: number;
  readonly path: string;
}

/** Where the time of a step goes. */
export interface ProfileEvent {
  readonly kind: 'profile';
  readonly nodes: readonly ProfiledNode[];
}

/** The progress of an evaluation; not logged. */
export interface ProgressEvent {
  readonly kind: 'progress';
  readonly step: number;
  readonly task: 'validation' | 'hellaswag';
  /** Batches of validation, examples of HellaSwag. */
  readonly done: number;
  readonly total: number;
}

export interface EndEvent {
  readonly kind: 'end';
  /** Steps trained in all. */
  readonly step: number;
  /** Whether it was asked to stop before its last step. */
  readonly interrupted: boolean;
}

export type TrainerEvent =
  | StartEvent
  | TrainMetrics
  | EvalMetrics
  | SampleMetrics
  | CheckpointEvent
  | ProgressEvent
  | ProfileEvent
  | EndEvent;
