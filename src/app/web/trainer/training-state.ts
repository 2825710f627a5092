/** @file What the page knows of the training: the run as the dashboard draws it, and what the worker is doing. */

import type { EvalMetrics, Metrics, SampleMetrics, TrainMetrics } from '../../../runs/metric-lines.ts';
import type { RunHistory } from '../../dashboard-stream.ts';
import type { PreparingEvent, TrainingEvent, TrainingRequest } from '../../tab/training/messages.ts';
import { emptyRun, type RunState } from '../dashboard/run-state.ts';

export interface TrainingState {
  /** `recalling` until it is known what an earlier visit has left. */
  readonly phase: 'recalling' | 'idle' | 'preparing' | 'training' | 'stopping';
  /** What is prepared, in that phase. */
  readonly preparing: PreparingEvent['what'];
  readonly run: RunState;
  /** Steps of the newest checkpoint; 0 without one. */
  readonly kept: number;
  /** The device for a person, once it is known. */
  readonly device: string | undefined;
  /** Whether what an earlier visit has left cannot be used. */
  readonly isLost: boolean;
  /** Why the browser keeps nothing. */
  readonly unkept: string | undefined;
  /** Why the training or the download ended early. */
  readonly failure: string | undefined;
}

const NOTHING = emptyRun({ name: 'stories', facts: [], settings: {}, isTraining: false });

export const FIRST_STATE: TrainingState = {
  phase: 'recalling',
  preparing: 'stories',
  run: NOTHING,
  kept: 0,
  device: undefined,
  isLost: false,
  unkept: undefined,
  failure: undefined,
};

/** What the page does at once when it asks for something, before the worker answers. */
export function afterRequest(state: TrainingState, { kind }: TrainingRequest): TrainingState {
  if (kind === 'train')
    return { ...state, phase: 'preparing', preparing: 'stories', isLost: false, failure: undefined };
  if (kind === 'stop') return { ...state, phase: 'stopping' };
  if (kind === 'forget') return { ...state, unkept: undefined, failure: undefined };
  return { ...state, failure: undefined };
}

/** The state after something that the worker tells. */
export function afterEvent(state: TrainingState, event: TrainingEvent): TrainingState {
  switch (event.kind) {
    case 'recalled': {
      const { step, steps, tokensPerStep, metrics } = event;
      const run = { ...NOTHING, information: { ...NOTHING.information, steps, tokensPerStep } };
      const history = metrics.reduce(withLine, NOTHING.history);
      const phase = state.phase === 'recalling' ? 'idle' : state.phase;
      return { ...state, phase, kept: step, run: { ...run, history } };
    }
    case 'preparing':
      return { ...state, preparing: event.what };
    case 'started':
      return training({ ...state, phase: advanced(state.phase), device: event.device }, true, (history) =>
        before(history, event.step),
      );
    case 'train':
    case 'eval':
    case 'sample':
      return training(state, true, (history) => withLine(history, event));
    case 'checkpoint':
      return { ...state, kept: event.step };
    case 'ended':
      return training({ ...state, phase: 'idle' }, false);
    case 'failed':
      return training({ ...state, phase: 'idle', failure: event.message }, false);
    case 'lost':
      return { ...state, isLost: true };
    case 'unkept':
      return { ...state, unkept: event.reason };
    case 'file':
      return state;
  }
}

/** Who has been asked to stop while it prepared is still to stop. */
const advanced = (phase: TrainingState['phase']) => (phase === 'stopping' ? phase : 'training');

function training(
  state: TrainingState,
  isTraining: boolean,
  change: (history: RunHistory) => RunHistory = (history) => history,
): TrainingState {
  const { run } = state;
  const information = { ...run.information, isTraining };
  return { ...state, run: { ...run, information, history: change(run.history) } };
}

function withLine(history: RunHistory, line: Metrics): RunHistory {
  if (line.kind === 'train') return { ...history, train: withRow(history.train, trainRow(line)) };
  if (line.kind === 'eval') return { ...history, evaluations: withRow(history.evaluations, evaluationRow(line)) };
  return { ...history, samples: withRow(history.samples, sampleRow(line)) };
}

/** What holds of a history when the run goes on at a step. */
function before({ train, evaluations, samples }: RunHistory, next: number): RunHistory {
  return {
    train: withRows(train, (step) => step < next),
    evaluations: withRows(evaluations, (step) => step <= next && next > 0),
    samples: withRows(samples, (step) => step <= next && next > 0),
  };
}

type Row<Columns> = {
  readonly [Name in keyof Columns]: Columns[Name] extends readonly (infer Value)[] ? Value : never;
};

function withRow<Columns extends object>(columns: Columns, row: Row<Columns>): Columns {
  return mapped(columns, (column, name) => [...column, row[name]]);
}

function withRows<Columns extends { readonly step: number[] }>(
  columns: Columns,
  isKept: (step: number) => boolean,
): Columns {
  return mapped(columns, (column) => column.filter((_, index) => isKept(columns.step[index] ?? 0)));
}

function mapped<Columns extends object>(
  columns: Columns,
  change: (column: readonly unknown[], name: keyof Columns) => unknown[],
): Columns {
  const entries = Object.entries(columns).map(([name, column]) => [name, change(column, name as keyof Columns)]);
  return Object.fromEntries(entries) as Columns;
}

/** Charts draw no line through what is not a number. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function trainRow({ step, ...line }: TrainMetrics): Row<RunHistory['train']> {
  const [loss, norm] = [finite(line.loss), finite(line.norm)];
  const { lr, ms, tokensPerSecond, mfu } = line;
  const extremes = { lowestLoss: loss, highestLoss: loss, lowestNorm: norm, highestNorm: norm };
  return { step, loss, norm, lr, ms, tokensPerSecond, mfu, ...extremes };
}

function evaluationRow({ step, validationLoss = Number.NaN }: EvalMetrics): Row<RunHistory['evaluations']> {
  return { step, validationLoss: finite(validationLoss), hellaswag: null, hellaswagExamples: null };
}

function sampleRow({ step, text }: SampleMetrics): Row<RunHistory['samples']> {
  return { step, text };
}
