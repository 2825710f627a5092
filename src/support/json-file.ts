/** @file JSON files: read, checked against a schema, and refused in one line. */

import type { z } from 'zod';
import { fileError } from './files.ts';
import { parseJson } from './json.ts';
import { readRegularFile } from './regular-file.ts';

/**
 * More than any JSON file holds, except a list of shards. Hostile JSON takes forty times its size once it is parsed, and the
 * report of how it differs from its schema several hundred times.
 */
const MAX_BYTES = 1 << 20;

/**
 * The text of a JSON file.
 * @throws UserError when it cannot be read or is larger than `maxBytes`.
 */
export async function readJsonText(path: string, maxBytes: number = MAX_BYTES): Promise<string> {
  try {
    return (await readRegularFile(path, maxBytes)).toString();
  } catch (cause) {
    throw fileError(path, 'read it', cause);
  }
}

/**
 * Reads and validates a JSON file.
 * @throws UserError when it cannot be read, is larger than `maxBytes`, or is not as the schema says.
 */
export async function readJsonFile<Schema extends z.ZodType>(
  schema: Schema,
  path: string,
  maxBytes?: number,
): Promise<z.output<Schema>> {
  return parseJson(schema, await readJsonText(path, maxBytes), path);
}
