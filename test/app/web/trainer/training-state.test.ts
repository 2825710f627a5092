import { describe, expect, test } from 'vitest';
import type { TrainingEvent, TrainingRequest } from '../../../../src/app/tab/training/messages.ts';
import {
  afterEvent,
  afterRequest,
  FIRST_STATE,
  type TrainingState,
} from '../../../../src/app/web/trainer/training-state.ts';
import type { TrainMetrics } from '../../../../src/runs/metric-lines.ts';

const RECALLED = { kind: 'recalled', step: 0, steps: 4, tokensPerStep: 1024, metrics: [] } as const;

const step = (number: number, loss = 10 - number): TrainMetrics => ({
  ...{ kind: 'train', step: number, loss, lr: 1e-3, norm: 1, ms: 20, tokensPerSecond: 5000, mfu: 0.3 },
});
const evaluation = (at: number, validationLoss: number) => ({ kind: 'eval', step: at, validationLoss }) as const;
const sample = (at: number, text: string) => ({ kind: 'sample', step: at, text }) as const;
const started = (at: number) => ({ kind: 'started', step: at, device: 'WebAssembly' }) as const;

/** The state after requests (by their kind) and events. */
function stateAfter(...happened: (TrainingRequest['kind'] | TrainingEvent)[]): TrainingState {
  return happened.reduce(
    (state, each) => (typeof each === 'string' ? afterRequest(state, { kind: each }) : afterEvent(state, each)),
    FIRST_STATE,
  );
}

describe('the state of the training', () => {
  test('is idle once it is known what an earlier visit has left, with its history', () => {
    expect(stateAfter('recall').phase).toBe('recalling');
    const metrics = [evaluation(0, 10.8), sample(0, 'Once a'), step(0), step(1)];
    const { phase, kept, run } = stateAfter('recall', { ...RECALLED, step: 2, metrics });
    expect([phase, kept, run.information.steps, run.information.isTraining]).toEqual(['idle', 2, 4, false]);
    expect(run.history.train.loss).toEqual([10, 9]);
    expect(run.history.evaluations.validationLoss).toEqual([10.8]);
    expect(run.history.samples.text).toEqual(['Once a']);
  });

  test('is prepared, trains, stops and is idle again', () => {
    const events = [RECALLED, 'train', started(0), step(0), 'stop', { kind: 'checkpoint', step: 1 }] as const;
    const phases = events.map((_, index) => stateAfter(...events.slice(0, index + 1)).phase);
    expect(phases).toEqual(['idle', 'preparing', 'training', 'training', 'stopping', 'stopping']);
    const ended = stateAfter(...events, { kind: 'ended', step: 1, interrupted: true });
    expect([ended.phase, ended.kept, ended.run.information.isTraining]).toEqual(['idle', 1, false]);
  });

  test('stays at stopping when the training begins after it was asked to stop', () => {
    expect(stateAfter(RECALLED, 'train', 'stop', started(0)).phase).toBe('stopping');
  });

  test('forgets the steps that are trained again, and all of a run that begins anew', () => {
    const failed = stateAfter(RECALLED, 'train', started(0), evaluation(0, 10.8), step(0), step(1), step(2), {
      kind: 'failed',
      message: 'out of memory',
    });
    expect([failed.phase, failed.failure]).toEqual(['idle', 'out of memory']);
    const resumed = afterEvent(afterRequest(failed, { kind: 'train' }), started(1));
    expect(resumed.failure).toBeUndefined();
    expect(resumed.run.history.train.step).toEqual([0]);
    expect(resumed.run.history.evaluations.step).toEqual([0]);
    expect(afterEvent(failed, started(0)).run.history.evaluations.step).toEqual([]);
    expect(afterEvent(resumed, RECALLED).run.history.train.step).toEqual([]);
  });

  test('has no number where a loss is none', () => {
    expect(stateAfter(RECALLED, step(0, Number.NaN)).run.history.train.loss).toEqual([null]);
  });

  test('leaves the history it was given as it is', () => {
    const before = stateAfter(RECALLED, step(0));
    afterEvent(before, step(1));
    expect(before.run.history.train.step).toEqual([0]);
  });

  test('says why the browser keeps nothing, until another run may be kept', () => {
    const unkept = stateAfter(RECALLED, { kind: 'unkept', reason: 'no room' });
    expect(unkept.unkept).toBe('no room');
    expect(afterRequest(unkept, { kind: 'forget' }).unkept).toBeUndefined();
  });

  test('says that what was kept is lost, until another run takes its place', () => {
    expect(stateAfter({ kind: 'lost' }, RECALLED).isLost).toBe(true);
    expect(stateAfter({ kind: 'lost' }, RECALLED, 'train').isLost).toBe(false);
  });

  test('goes on preparing where a worker that had to be started again tells what is kept', () => {
    expect(stateAfter(RECALLED, 'train', RECALLED).phase).toBe('preparing');
  });
});
