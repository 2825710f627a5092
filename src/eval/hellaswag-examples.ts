/** @file The examples of HellaSwag (Zellers et al. 2019) as its file holds them. */

import { z } from 'zod';
import { fileLines } from '../data/documents/file-lines.ts';
import { UserError } from '../support/errors.ts';
import { parseJson } from '../support/json.ts';

const ENDINGS = 4;

/** Ten times the published file. */
const MAX_CHARACTERS = 2 ** 27;

const lineSchema = z.looseObject({
  ctx: z.string().min(1),
  endings: z.tuple([z.string(), z.string(), z.string(), z.string()]),
  label: z
    .int()
    .min(0)
    .max(ENDINGS - 1),
});

export interface HellaswagExample {
  readonly context: string;
  readonly endings: readonly string[];
  /** The index of the right ending. */
  readonly label: number;
}

/**
 * The examples of a `.jsonl` or `.jsonl.gz` file.
 * @throws UserError naming the line that is not an example.
 */
export async function readHellaswag(path: string): Promise<HellaswagExample[]> {
  const examples: HellaswagExample[] = [];
  let number = 0;
  let characters = 0;
  for await (const { lines } of fileLines(path)) {
    for (const line of lines) {
      characters += line.length;
      if (characters > MAX_CHARACTERS)
        throw new UserError(`${path}: expected HellaSwag of at most ${MAX_CHARACTERS} characters, found more`);
      examples.push(...parseLine(line, `${path}: line ${++number}`));
    }
  }
  return checkExamples(examples, path);
}

/** The examples of the text of such a file; `where` names it in errors. */
export function parseHellaswag(text: string, where: string): HellaswagExample[] {
  const examples = text.split('\n').flatMap((line, index) => parseLine(line, `${where}: line ${index + 1}`));
  return checkExamples(examples, where);
}

/** The example of a line; none of an empty one. */
function parseLine(line: string, where: string): HellaswagExample[] {
  if (line.trim() === '') return [];
  const { ctx, endings, label } = parseJson(lineSchema, line, where);
  return [{ context: ctx, endings, label }];
}

function checkExamples(examples: HellaswagExample[], where: string): HellaswagExample[] {
  if (examples.length > 0) return examples;
  throw new UserError(`${where}: expected HellaSwag examples, one a line, found none`);
}

/** Which examples of a file are used: those whose index `every` divides, and at most `limit` of them. */
export interface ExampleSelection {
  readonly every?: number;
  readonly limit?: number;
}

/** The selected examples, in their order. */
export function selectExamples<T>(
  examples: readonly T[],
  { every = 1, limit = Number.POSITIVE_INFINITY }: ExampleSelection,
): T[] {
  return examples.filter((_, index) => index % every === 0 && index / every < limit);
}
