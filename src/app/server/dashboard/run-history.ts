/** @file What was measured of a run, kept once for all pages. */

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

/** How much of a history a page has: how many rows of each part had been added when it was told of them last. */
export interface HistoryPosition {
  /** Which history that is; one that was thinned or begun anew is another. */
  readonly history: string;
  readonly train?: number | undefined;
  readonly evaluations?: number | undefined;
  readonly samples?: number | undefined;
}

/** In the order in which they are told. */
const PARTS = ['train', 'evaluations', 'samples'] as const;

/** A run's steps, evaluations and samples; it does not grow beyond its limits, however long the run is. */
export class RunHistory {
  readonly #run: number;
  #parts: ReturnType<typeof emptyParts>;
  #id = newId();

  /** @param run which of the dashboard's. */
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

  /** What a page is told next, and what it has then; undefined when it has everything. */
  eventAfter(
    position: HistoryPosition | undefined,
  ): { readonly bytes: Buffer; readonly position: HistoryPosition } | undefined {
    const told = position?.history === this.#id ? position : { history: this.#id };
    for (const part of PARTS) {
      const event = this.#parts[part].eventAfter(told[part]);
      if (event) return { bytes: event.bytes, position: { ...told, [part]: event.count } };
    }
    return undefined;
  }

  /** Gives back the memory of what only pages need. */
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
