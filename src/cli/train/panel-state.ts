/** @file What the panel knows of a run, gathered from its events. */

import type { Metrics, TrainMetrics } from '../../runs/metrics.ts';
import type { TrainerEvent } from '../../train/events.ts';
import type { CurvePoint } from '../terminal/braille-curve.ts';

/** What the panel shows of a run. */
export class LiveState {
  /** Steps of the whole run, and those done. */
  steps = 0;
  step = 0;
  secondsLeft: number | undefined;
  readonly losses: CurvePoint[] = [];
  readonly validations: CurvePoint[] = [];
  last: TrainMetrics | undefined;
  /** Normalised by length. */
  hellaswag: number | undefined;
  sample: { readonly step: number; readonly text: string } | undefined;
  /** The work beside training, such as an evaluation, the share of it that is done, and its time left once that is known. */
  task: { readonly name: string; readonly share: number; readonly secondsLeft: number | undefined } | undefined;

  /** Adds what an earlier process measured. */
  recall(lines: readonly Metrics[]): void {
    for (const line of lines) this.#measure(line);
    // measured by another process, perhaps on another machine
    this.last = undefined;
  }

  /** Adds an event; `secondsLeft` is the time left of the run after a step, of the task after progress. */
  take(event: TrainerEvent, secondsLeft: number | undefined): void {
    this.task =
      event.kind === 'progress'
        ? { name: event.task, share: event.done / Math.max(1, event.total), secondsLeft }
        : undefined;
    if (event.kind === 'start') {
      this.steps = event.settings.steps;
      this.step = event.step;
    } else if (event.kind === 'train' || event.kind === 'eval' || event.kind === 'sample') this.#measure(event);
    if (event.kind === 'train') this.secondsLeft = secondsLeft;
  }

  #measure(line: Metrics): void {
    switch (line.kind) {
      case 'train':
        this.step = line.step + 1;
        this.last = line;
        this.losses.push({ step: line.step, value: line.loss });
        break;
      case 'eval':
        if (line.validationLoss !== undefined) this.validations.push({ step: line.step, value: line.validationLoss });
        if (line.hellaswag) this.hellaswag = line.hellaswag.accuracyNorm;
        break;
      case 'sample':
        this.sample = line;
        break;
    }
  }
}
