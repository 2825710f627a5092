import { expect, test } from 'vitest';
import { functionAt, openLibrary } from '#minillm/native/library.js';

test('functions by their addresses may share a prototype', () => {
  const library = openLibrary('libm.so.6');
  const at = (name: string): number => functionAt(library.address(name), 'double of_one(double)')(0.25);
  expect([at('sqrt'), at('floor')]).toEqual([0.5, 0]);
});
