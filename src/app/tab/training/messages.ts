/** @file What the page and the worker that trains say to each other. */

import type { Metrics } from '../../../runs/metric-lines.ts';

/** What the page asks for. */
export type TrainingRequest =
  /** Tell what is kept of an earlier visit. */
  | { readonly kind: 'recall' }
  /** Begin, or go on where the run was stopped. */
  | { readonly kind: 'train' }
  /** Keep the run as it is and stop. */
  | { readonly kind: 'stop' }
  /** Throw the run away. */
  | { readonly kind: 'forget' }
  /** Give the newest checkpoint as a file. */
  | { readonly kind: 'download' };

/** The run as it is kept, in answer to `recall` and `forget`. */
export interface RecalledEvent {
  readonly kind: 'recalled';
  /** Steps trained, of how many; 0 for a new run. */
  readonly step: number;
  readonly steps: number;
  readonly tokensPerStep: number;
  readonly metrics: readonly Metrics[];
}

/** What happens before the first step. */
export interface PreparingEvent {
  readonly kind: 'preparing';
  readonly what: 'stories' | 'device';
}

/** The first step of this stretch, and the device for a person. */
export interface StartedEvent {
  readonly kind: 'started';
  readonly step: number;
  readonly device: string;
}

/** The newest checkpoint is that of a step. */
export interface CheckpointEvent {
  readonly kind: 'checkpoint';
  readonly step: number;
}

/** The end of a stretch: after the last step, or where it was stopped. */
export interface EndedEvent {
  readonly kind: 'ended';
  readonly step: number;
  readonly interrupted: boolean;
}

/** What an earlier visit has left cannot be used; the next run takes its place. */
export interface LostEvent {
  readonly kind: 'lost';
}

/** The browser keeps nothing, and why; training goes on. */
export interface UnkeptEvent {
  readonly kind: 'unkept';
  readonly reason: string;
}

/** A Hugging Face folder, as a zip. */
export interface FileEvent {
  readonly kind: 'file';
  readonly name: string;
  readonly content: Blob;
}

/** Why the training or the download ended early. */
export interface FailedEvent {
  readonly kind: 'failed';
  readonly message: string;
}

/** What the worker tells. */
export type TrainingEvent =
  | RecalledEvent
  | PreparingEvent
  | StartedEvent
  | Metrics
  | CheckpointEvent
  | EndedEvent
  | LostEvent
  | UnkeptEvent
  | FileEvent
  | FailedEvent;
