/** @file The measurements of a run, kept once for all pages. */

import { randomBytes } from 'node:crypto';
import type { Metrics } from '../../../runs/metrics.ts';
import { HistoryPart } from './history-part.ts';
import {
  type EvaluationRow,
  evaluationRow,
  mergeEvaluationRows,
  mergeTrainRows,
  type SampleRow,
  sampleRow,
  type TrainRow,
  trainRow,
} from './history-rows.ts';
import { MAX_EVALUATIONS, MAX_POINTS, MAX_SAMPLES, POINTS_PER_EVENT, SAMPLES_PER_EVENT } from './limits.ts';

/** How much of a history a page has: the number of rows of each part that had been added at its last event. */
export interface HistoryPosition {
  /** Which history; after thinning or a new start it is a different one. */
  readonly history: string;
  readonly train?: number | undefined;
  readonly evaluations?: number | undefined;
  readonly samples?: number | undefined;
}

/** In the order in which they are sent. */
const PARTS = ['train', 'evaluations', 'samples'] as const;

/** A run's steps, evaluations and samples, within limits however long the run is. */
export class RunHistory {
  readonly #run: number;
  #parts: ReturnType<typeof emptyParts>;
  #id = newId();

  /** @param run index of the run on the dashboard */
  constructor(run: number) {
    this.#run = run;
    this.#parts = emptyParts(run);
  }

  /** Forgets everything. */
  clear(): void {
    this.#parts = emptyParts(this.#run);
    this.#id = newId();
  }

  add(lines: readonly Metrics[]): void {
    for (const line of lines) if (this.#add(line)) this.#id = newId();
  }

  /** The next event for a page, and what the page has then; undefined when it has everything. */
  eventAfter(
    position: HistoryPosition | undefined,
  ): { readonly bytes: Buffer; readonly position: HistoryPosition } | undefined {
    const known = position?.history === this.#id ? position : { history: this.#id };
    for (const part of PARTS) {
      const event = this.#parts[part].eventAfter(known[part]);
      if (event) return { bytes: event.bytes, position: { ...known, [part]: event.count } };
    }
    return undefined;
  }

  /** Frees the memory of what only pages need. */
  forgetEvents(): void {
    for (const part of PARTS) this.#parts[part].forgetEvents();
  }

  #add(line: Metrics): boolean {
    if (line.kind === 'train') return this.#parts.train.add(trainRow(line));
    if (line.kind === 'eval') return this.#parts.evaluations.add(evaluationRow(line));
    return this.#parts.samples.add(sampleRow(line));
  }
}

function emptyParts(run: number) {
  return {
    train: new HistoryPart<TrainRow>({
      run,
      part: 'train',
      columns: [
        ...(['step', 'loss', 'lr', 'norm', 'ms', 'tokensPerSecond', 'mfu'] as const),
        ...(['lowestLoss', 'highestLoss', 'lowestNorm', 'highestNorm'] as const),
      ],
      limit: MAX_POINTS,
      rowsPerEvent: POINTS_PER_EVENT,
      merge: mergeTrainRows,
    }),
    evaluations: new HistoryPart<EvaluationRow>({
      run,
      part: 'evaluations',
      columns: ['step', 'validationLoss', 'hellaswag', 'hellaswagExamples'],
      limit: MAX_EVALUATIONS,
      rowsPerEvent: POINTS_PER_EVENT,
      merge: mergeEvaluationRows,
    }),
    samples: new HistoryPart<SampleRow>({
      run,
      part: 'samples',
      columns: ['step', 'text'],
      limit: MAX_SAMPLES,
      rowsPerEvent: SAMPLES_PER_EVENT,
      merge: (_, later) => later,
    }),
  };
}

function newId(): string {
  return randomBytes(4).toString('hex');
}
