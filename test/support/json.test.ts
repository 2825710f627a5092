import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { UserError } from '#minillm/support/errors.js';
import { parseJson } from '#minillm/support/json.js';
import { readJsonFile } from '#minillm/support/json-file.js';
import { temporaryFolder } from './temporary-folder.ts';

const schema = z.object({
  a: z.object({ b: z.int().min(1) }),
  size: z.enum(['small', 'large']).optional(),
  version: z.literal(1, { error: 'expected 1; update' }).optional(),
});

test.each([
  [{ a: { b: 'x' } }, 'a.b: expected number, found "x"'],
  [{ a: {} }, 'a.b: expected number, found none'],
  [{ a: { b: null } }, 'a.b: expected number, found null'],
  [{ a: { b: 1.5 } }, 'a.b: expected int, found 1.5'],
  [{ a: { b: 0 } }, 'a.b: Too small: expected number to be >=1, found 0'],
  [{ a: [1] }, 'a: expected object, found an array'],
  [{ a: 'x'.repeat(100) }, `a: expected object, found "${'x'.repeat(39)}…`],
  [{ a: { b: 1 }, size: 'smal' }, 'size: expected one of "small"|"large", found "smal"; did you mean "small"?'],
  [{ a: { b: 1 }, size: 'banana' }, 'size: expected one of "small"|"large", found "banana"'],
  [{ a: { b: 1 }, version: 2 }, 'version: expected 1, found 2; update'],
])('%j: an error names the place, the field, what was expected and what was found', (value, message) => {
  expect(() => parseJson(schema, JSON.stringify(value), 'file.json')).toThrow(new UserError(`file.json: ${message}`));
});

test('text that is no JSON is refused', () => {
  expect(() => parseJson(schema, '{', 'file.json')).toThrow(/^file\.json: expected JSON \(.+\)$/);
});

test('text that is too deep for those who go through its value is refused', () => {
  const nested = (depth: number) => `{"a":{"b":1},"more":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  expect(parseJson(schema, nested(99), 'file.json').a.b).toBe(1);
  for (const depth of [100, 30_000])
    expect(() => parseJson(schema, nested(depth), 'file.json')).toThrow(/^file\.json: expected lists .* 100 deep/);
});

test('a missing file and one of absurd size are refused without reading them', async () => {
  const path = join(temporaryFolder(), 'huge.json');
  await expect(readJsonFile(schema, path)).rejects.toThrow(UserError);
  writeFileSync(path, '');
  truncateSync(path, 2 ** 40);
  await expect(readJsonFile(schema, path)).rejects.toThrow('expected at most 1048576 bytes');
});
