import { expect, test } from 'vitest';
import { prepareStop, StopText } from '#minillm/app/server/completions/stop-text.js';

const told = (stops: string[], ...pieces: string[]) => {
  const stop = new StopText(stops.map(prepareStop));
  const out = pieces.map((piece) => stop.push(piece));
  return [...out, stop.stopped ? 'STOPPED' : stop.end()];
};

test('text without a stop is passed on at once', () => expect(told([], 'a', 'b')).toEqual(['a', 'b', '']));
test('a stop that comes in pieces is never passed on', () =>
  expect(told(['\n\n'], 'one\n', '\ntwo', 'x')).toEqual(['one', '', '', 'STOPPED']));
test('what might have been a stop is passed on once it is none', () =>
  expect(told(['end.'], 'the en', 'emy')).toEqual(['the ', 'enemy', '']));
test('what might have been a stop is passed on at the end', () => expect(told(['xy'], 'ax')).toEqual(['a', 'x']));
test('the first of several stops counts', () =>
  expect(told(['dog', 'fox'], 'a fox, a dog')).toEqual(['a ', 'STOPPED']));
test('where two stops end together, the longer counts', () =>
  expect(told(['d', 'end'], 'the e', 'nd')).toEqual(['the ', '', 'STOPPED']));
test('a stop that repeats itself is found after its own beginning', () =>
  expect(told(['aab'], 'aa', 'a', 'ab', 'x')).toEqual(['', 'a', 'a', '', 'STOPPED']));
