/** @file What a trainer tells while it works. Every event but the first and last also stands in `metrics.jsonl`. */

import type { EvalMetrics, SampleMetrics, TrainMetrics } from '../runs/metrics.ts';
import type { Settings } from './settings.ts';

export interface StartEvent {
  readonly kind: 'start';
  readonly settings: Settings;
  /** The device for a person. */
  readonly device: string;
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

/** A checkpoint that can be gone on from. */
export interface CheckpointEvent {
  readonly kind: 'checkpoint';
  readonly step: number;
  readonly path: string;
}

export interface EndEvent {
  readonly kind: 'end';
  /** Steps trained in all. */
  readonly step: number;
  /** Whether it was asked to stop before its last step. */
  readonly interrupted: boolean;
}

export type TrainerEvent = StartEvent | TrainMetrics | EvalMetrics | SampleMetrics | CheckpointEvent | EndEvent;
