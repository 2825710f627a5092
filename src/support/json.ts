/** @file JSON from outside: read, checked against a schema, and refused in one line. */

import { z } from 'zod';
import { messageOf, UserError } from './errors.ts';
import { nearestName } from './suggest.ts';

/** Far more than any file needs; JSON.parse takes a depth at which JSON.stringify exhausts the stack. */
const MAX_DEPTH = 100;

/** Characters of a wrong value that an error shows. */
const SHOWN_LENGTH = 40;

/**
 * Checks a value against a schema. In a schema's own message, what follows a semicolon is advice.
 * @param where names the source in errors: a path, or a path and a line.
 * @throws UserError saying which field is wrong, what was expected and what was found.
 */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new UserError(`${where}: ${field}${issue ? describeIssue(issue) : 'not as expected'}`);
}

/** `expected number, found "3"; ADVICE`. */
function describeIssue(issue: z.core.$ZodIssue): string {
  const message = issue.message.replace(/^Invalid (input|option): |, received \w+$/g, '');
  const found = shown(issue.input, issue.code === 'invalid_type');
  const problem = found === undefined ? message : message.replace(/;|$/, (end) => `, found ${found}${end}`);
  const known = issue.code === 'invalid_value' ? issue.values.filter((value) => typeof value === 'string') : [];
  const meant = typeof issue.input === 'string' ? nearestName(issue.input, known) : undefined;
  return meant === undefined ? problem : `${problem}; did you mean "${meant}"?`;
}

/** A value as an error shows it; an object or array only where it should have been something else. */
function shown(value: unknown, isOtherType: boolean): string | undefined {
  if (value === undefined) return 'none';
  if (typeof value !== 'object' || value === null) {
    const text = String(typeof value === 'string' ? JSON.stringify(value) : value);
    return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}…`;
  }
  if (!isOtherType) return undefined;
  return Array.isArray(value) ? 'an array' : 'an object';
}

/** An array of which only the first wrong item is reported: zod itself reports each, however many there are. */
export function listOf<Item extends z.ZodType>(item: Item): z.ZodType<z.output<Item>[]> {
  return z.array(z.unknown()).transform((values, context) => {
    const items: z.output<Item>[] = [];
    for (const [index, value] of values.entries()) {
      const result = item.safeParse(value, { reportInput: true });
      if (result.success) {
        items.push(result.data);
        continue;
      }
      const [issue] = result.error.issues;
      if (issue)
        context.issues.push({ ...issue, input: issue.input, path: [index, ...issue.path] } as z.core.$ZodRawIssue);
      return z.NEVER;
    }
    return items;
  });
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
  if (isDeeper(value, MAX_DEPTH))
    throw new UserError(`${where}: expected lists and objects nested at most ${MAX_DEPTH} deep, found deeper ones`);
  return validate(schema, value, where);
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
