/** @file JSON from outside: read, checked against a schema, and refused in one line. */

import { readFile, stat } from 'node:fs/promises';
import type { z } from 'zod';
import { messageOf, UserError } from './errors.ts';
import { fileError } from './files.ts';

/** More than any JSON file this program reads whole; a larger one is not what its name says. */
const MAXIMUM_BYTES = 64 * 1024 * 1024;

/**
 * Checks a value against a schema.
 * @param where names the source in errors: a path, or a path and a line.
 * @throws UserError saying which field is wrong, what was expected and what was found.
 */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new UserError(`${where}: ${field}${issue?.message ?? 'not as expected'}`);
}

/**
 * Parses and validates JSON; see `validate`.
 * @throws UserError when the text is not JSON, or not as the schema says.
 */
export function parseJson<Schema extends z.ZodType>(schema: Schema, text: string, where: string): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UserError(`${where}: expected JSON (${messageOf(cause)})`);
  }
  return validate(schema, value, where);
}

/**
 * Reads and validates a JSON file.
 * @throws UserError when it cannot be read, is larger than 64 MiB, or is not as the schema says.
 */
export async function readJsonFile<Schema extends z.ZodType>(schema: Schema, path: string): Promise<z.output<Schema>> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MAXIMUM_BYTES)
      throw new UserError(`${path}: expected a JSON file of at most 64 MiB, found ${size} bytes`);
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw fileError(path, 'read it', cause);
  }
  return parseJson(schema, text, path);
}
