import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inTurn } from '#minillm/support/event-loop.js';

function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test('what waits on the event loop comes between long stretches of work, which keep their order', async () => {
  const done: (number | string)[] = [];
  const stretches = Array.from({ length: 5 }, (_, index) =>
    inTurn(() => {
      work(11);
      done.push(index);
    }),
  );
  const other = setImmediate().then(() => done.push('other'));
  await Promise.all([...stretches, other]);
  expect(done.filter((item) => item !== 'other')).toEqual([0, 1, 2, 3, 4]);
  expect(done.indexOf('other')).toBeLessThan(4);
});

test('work that fails fails alone', async () => {
  const failing = inTurn(() => {
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(await inTurn(() => 1)).toBe(1);
});
