/** @file Where the events of a training run go: JSON lines, plain lines, or lines above a panel. */

import { isBefore } from '../../runs/metric-lines.ts';
import { readMetrics } from '../../runs/metrics.ts';
import type { ProgressEvent, TrainerEvent } from '../../train/events.ts';
import { canHavePanel, LiveTerminal } from '../terminal/live-terminal.ts';
import { Pace } from '../terminal/pace.ts';
import { LOG_MILLISECONDS, Progress } from '../terminal/progress.ts';
import { withoutControls } from '../terminal/text-width.ts';
import { TaskClock } from '../terminal/time-left.ts';
import { evalLines, StepTimes, startLines, stepLine } from './lines.ts';
import { COLOURED, COLOURLESS, panelLines } from './panel.ts';
import { LiveState } from './panel-state.ts';
import { profileTable } from './profile-table.ts';

export interface TrainOutput {
  take(event: TrainerEvent): void | Promise<void>;
  /** Writes a line that belongs to no event. */
  note(line: string): void;
  /** Call once there are no more events. */
  close(): void;
}

/** The output that was asked for, as far as the terminal allows. */
export function openTrainOutput({ json, panel }: { readonly json: boolean; readonly panel: boolean }): TrainOutput {
  if (json) return new JsonOutput();
  return panel && canHavePanel(process.stdout) ? new PanelOutput() : new LineOutput();
}

/** Prints every event except most of those of progress: of a short evaluation only its result. */
class JsonOutput implements TrainOutput {
  readonly #pace = new Pace(LOG_MILLISECONDS);

  take(event: TrainerEvent): void {
    if (event.kind === 'progress') {
      if (!this.#pace.isDue()) return;
    } else this.#pace.wait();
    console.log(JSON.stringify(event));
  }

  note(line: string): void {
    console.error(line);
  }

  close(): void {}
}

/** The lines of a run, and its time left. */
class EventLines {
  readonly #times = new StepTimes();
  #steps = 0;
  secondsLeft: number | undefined;

  render(event: TrainerEvent): string[] {
    switch (event.kind) {
      case 'start':
        this.#steps = event.settings.steps;
        return startLines(event);
      case 'train':
        this.secondsLeft = this.#times.left(event, this.#steps);
        return [stepLine(event, this.secondsLeft)];
      case 'eval':
        return evalLines(event);
      case 'sample':
        return [`step ${event.step} | sample: ${withoutControls(event.text)}`];
      case 'progress':
        return [];
      case 'profile':
        return [profileTable(event.nodes)];
      case 'checkpoint':
        return [`step ${event.step} | checkpoint: ${event.path}`];
      case 'end':
        return event.interrupted
          ? [`stopped after ${event.step} of ${this.#steps} steps; the same command resumes`]
          : [];
    }
  }
}

/** Distinguishes the evaluation after one step from that after another. */
function taskName({ task, step }: ProgressEvent): string {
  return `${task} at ${step}`;
}

class LineOutput implements TrainOutput {
  readonly #lines = new EventLines();
  readonly #progress = new Progress();
  readonly #clock = new TaskClock();

  take(event: TrainerEvent): void {
    if (event.kind === 'progress') {
      const { step, task, done, total } = event;
      const text = `step ${step} | ${task} ${Math.floor((100 * done) / total)} %`;
      this.#progress.update(this.#clock.line(text, taskName(event), done, total));
      return;
    }
    this.#progress.clear();
    for (const line of this.#lines.render(event)) console.log(line);
  }

  note(line: string): void {
    console.log(line);
  }

  close(): void {
    this.#progress.clear();
  }
}

class PanelOutput implements TrainOutput {
  readonly #lines = new EventLines();
  readonly #clock = new TaskClock();
  readonly #state = new LiveState();
  readonly #terminal = new LiveTerminal(process.stdout, (size) =>
    panelLines(this.#state, size, process.stdout.hasColors() ? COLOURED : COLOURLESS),
  );
  #isFinished = false;

  async take(event: TrainerEvent): Promise<void> {
    if (event.kind === 'start' && event.step > 0) {
      const measured = await readMetrics(event.settings.out);
      this.#state.recall(measured.filter((line) => isBefore(line, event.step)));
    }
    const lines = this.#lines.render(event);
    const secondsLeft =
      event.kind === 'progress'
        ? this.#clock.secondsLeft(taskName(event), event.done, event.total)
        : this.#lines.secondsLeft;
    this.#state.take(event, secondsLeft);
    this.#isFinished = event.kind === 'end' && !event.interrupted;
    this.#terminal.update(lines);
  }

  note(line: string): void {
    this.#terminal.update([line]);
  }

  close(): void {
    this.#terminal.close(this.#isFinished ? 'panel' : 'nothing');
  }
}
