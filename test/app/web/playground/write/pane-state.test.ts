import { expect, test } from 'vitest';
import { ApiProblem } from '../../../../../src/app/web/playground/api/problem.ts';
import {
  failed,
  finished,
  plainText,
  received,
  started,
  stopped,
} from '../../../../../src/app/web/playground/write/pane-state.ts';

const token = (text: string) => ({ id: 1, text, logprob: -1, top: [] });
const start = started({ model: 'm', prompt: 'p', samples: [] });

test('tokens go to the text they belong to', () => {
  const pane = received(start, [
    { index: 0, token: token('a') },
    { index: 1, token: token('b') },
    { index: 0, token: token('c') },
    { index: 0, finish: 'stop' },
  ]);
  expect(plainText(pane)).toBe('ac\n\nb');
  expect(pane.samples.map(({ finish }) => finish)).toEqual(['stop', undefined]);
});

test('a text that is gone on with grows, the others stay', () => {
  const before = started({ model: 'm', prompt: 'p', samples: [{ tokens: [token('a')] }, { tokens: [token('b')] }] });
  expect(plainText(received(before, [{ index: 0, token: token('!') }], 1))).toBe('a\n\nb!');
});

test('what was written stays when a text is stopped or fails', () => {
  const pane = received(start, [{ index: 0, token: token('kept') }]);
  expect(stopped(pane)).toMatchObject({ status: 'stopped', samples: pane.samples });
  expect(failed(pane, new ApiProblem('lost'))).toMatchObject({ status: 'failed', samples: pane.samples });
});

test('a text that has ended cannot be stopped any more', () => {
  expect(stopped(finished(start)).status).toBe('done');
});
