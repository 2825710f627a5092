/** @file The examples of HellaSwag (Zellers et al. 2019) as its file holds them. */

import { z } from 'zod';
import { readUtf8File } from '../data/documents/utf8-file.ts';
import { UserError } from '../support/errors.ts';
import { parseJson } from '../support/json.ts';

const ENDINGS = 4;

const lineSchema = z.looseObject({
  ctx: z.string().min(1),
  endings: z.array(z.string()).length(ENDINGS),
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
  let text = '';
  for await (const chunk of readUtf8File(path)) text += chunk.text;
  return parseHellaswag(text, path);
}

/** The examples of the text of such a file; `where` names it in errors. */
export function parseHellaswag(text: string, where: string): HellaswagExample[] {
  const examples = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const { ctx, endings, label } = parseJson(lineSchema, line, `${where}: line ${index + 1}`);
    return [{ context: ctx, endings, label }];
  });
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
