/** @file What the panel knows of a run, gathered from its events. */

import type { Metrics, TrainMetrics } from '../../runs/metrics.ts';
import type { TrainerEvent } from '../../train/events.ts';
import type { CurvePoint } from '../terminal/braille-curve.ts';

/** What is shown of a run. */
export class LiveState {
  /** Steps of the whole run, and those behind it. */
  steps = 0;
  step = 0;
  secondsLeft: number | undefined;
  readonly losses: CurvePoint[] = [];
  readonly validations: CurvePoint[] = [];
  last: TrainMetrics | undefined;
  /** Normalised by length. */
  hellaswag: number | undefined;
  sample: { readonly step: number; readonly text: string } | undefined;
  /** What is being done beside training, the share of it that is behind, and how long the rest takes, once that is known. */
  task: { readonly name: string; readonly share: number; readonly secondsLeft: number | undefined } | undefined;

  /** Takes note of what an earlier process measured. */
  recall(lines: readonly Metrics[]): void {
    for (const line of lines) this.#measure(line);
    // of another process, maybe on another machine
    this.last = undefined;
  }

  /** Takes note of an event; `secondsLeft` is what the run takes after a step, and a task after its progress. */
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
