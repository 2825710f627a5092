import { expect, test } from 'vitest';
import { UserError } from '#minillm/support/errors.js';

test('what a file holds cannot command the terminal that its error is shown on', () => {
  const { message } = new UserError('a\u001b]0;title\u0007.json: expected "\u202ea", found \u009b2J\n\tas it is');
  expect(message).toBe('a\\u001b]0;title\\u0007.json: expected "\\u202ea", found \\u009b2J\n\tas it is');
});

test('a message of any length keeps its beginning and its end', () => {
  const { message } = new UserError(`model.safetensors: tensor ${'x'.repeat(100_000)}: no such parameter`);
  expect(message).toMatch(/^model\.safetensors: tensor x+ … x+: no such parameter$/);
  expect(message).toHaveLength(2000);
});
