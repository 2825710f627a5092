import { expect, test } from 'vitest';
import { afterEvent, afterRequest, FIRST_STATE } from '../../../../src/app/web/trainer/training-state.ts';
import { describeAbility, describeTraining } from '../../../../src/app/web/trainer/what-happens.ts';

const idle = afterEvent(FIRST_STATE, { kind: 'recalled', step: 0, steps: 1, tokensPerStep: 1024, metrics: [] });

test('each fall of the loss is another ability', () => {
  const losses = [undefined, 10.8, 7, 4, 2, 1.5, 1.1];
  const sentences = losses.map((loss) => describeAbility(loss));
  expect(sentences[0]).toBe(sentences[1]);
  expect(new Set(sentences).size).toBe(losses.length - 1);
  expect(describeAbility(null)).toBe(sentences[0]);
});

test('every phase has a sentence of its own', () => {
  const preparing = afterRequest(idle, { kind: 'train' });
  const training = afterEvent(preparing, { kind: 'started', step: 0, device: 'WebAssembly' });
  const trained = afterEvent(training, {
    ...{ kind: 'train', step: 0, loss: 1, lr: 1, norm: 1, ms: 1, tokensPerSecond: 1, mfu: 1 },
  });
  const states = [
    FIRST_STATE,
    idle,
    preparing,
    afterEvent(preparing, { kind: 'preparing', what: 'device' }),
    training,
    afterRequest(training, { kind: 'stop' }),
    afterEvent(trained, { kind: 'ended', step: 1, interrupted: false }),
  ];
  expect(new Set(states.map(describeTraining)).size).toBe(states.length);
});

test('who has stopped early is told that it can go on', () => {
  const two = afterEvent(FIRST_STATE, { kind: 'recalled', step: 0, steps: 2, tokensPerStep: 1024, metrics: [] });
  const trained = afterEvent(two, {
    ...{ kind: 'train', step: 0, loss: 1, lr: 1, norm: 1, ms: 1, tokensPerSecond: 1, mfu: 1 },
  });
  expect(describeTraining(trained)).toContain('resume');
});
