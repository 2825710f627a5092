/** @file Documents of a JSON-lines file: one field of one object a line. */
import { messageOf, UserError } from '../../support/errors.ts';
import type { DocumentPart, ReadDocumentsOptions } from './documents.ts';
import { fileLines } from './file-lines.ts';

/**
 * The documents of a `.jsonl` or `.jsonl.gz` file. Blank lines are left out, and empty texts unless `keepEmpty`.
 * @throws UserError naming file and line when a line is not an object with that field, unless `onBadLine` is given.
 */
export async function* jsonlDocuments(
  path: string,
  textField: string,
  { onBadLine, keepEmpty = false }: Pick<ReadDocumentsOptions, 'onBadLine' | 'keepEmpty'> = {},
): AsyncGenerator<DocumentPart> {
  let number = 0;
  let bytes = 0;
  for await (const chunk of fileLines(path)) {
    bytes += chunk.bytes;
    for (const line of chunk.lines) {
      number++;
      if (line.trim() === '') continue;
      const parsed = textOfLine(line, textField);
      if ('text' in parsed) {
        if (parsed.text === '' && !keepEmpty) continue;
        yield { text: parsed.text, startsDocument: true, bytes };
        bytes = 0;
      } else {
        const problem = `${path} line ${number}: ${parsed.problem}`;
        if (onBadLine === undefined) throw new UserError(`${problem}; correct it, or skip such lines (--skip-bad)`);
        onBadLine(problem);
      }
    }
  }
}

function textOfLine(line: string, textField: string): { text: string } | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    return { problem: `expected JSON (${messageOf(cause)})` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problem: `expected an object, found ${line.slice(0, 40)}` };
  }
  const text = (value as Record<string, unknown>)[textField];
  if (typeof text === 'string') return { text };
  const found = text === undefined ? `the fields ${Object.keys(value).slice(0, 10).join(', ')}` : describeKind(text);
  return { problem: `expected a string in field "${textField}", found ${found}` };
}

function describeKind(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : 'an object';
}
