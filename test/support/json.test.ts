import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { UserError } from '#minillm/support/errors.js';
import { parseJson, readJsonFile } from '#minillm/support/json.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

const schema = z.object({ a: z.object({ b: z.number() }) });

test('an error names the place, the field, what was expected and what was found', () => {
  expect(() => parseJson(schema, '{"a":{"b":"x"}}', 'file.json')).toThrow(
    new UserError('file.json: a.b: Invalid input: expected number, received string'),
  );
  expect(() => parseJson(schema, '{', 'file.json')).toThrow(/^file\.json: expected JSON \(.+\)$/);
});

test('a missing file and one of absurd size are refused without reading them', async () => {
  const path = join(temporaryFolder(), 'huge.json');
  await expect(readJsonFile(schema, path)).rejects.toThrow(UserError);
  writeFileSync(path, '');
  truncateSync(path, 2 ** 40);
  await expect(readJsonFile(schema, path)).rejects.toThrow('expected a JSON file of at most 64 MiB');
});
