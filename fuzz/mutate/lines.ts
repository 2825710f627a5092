/** @file Damage to files of lines: a line changed, removed, repeated, moved, torn or joined to the next. */

import type { Choice } from '../choice.ts';
import { MAX_INPUT_BYTES, type Mutate } from '../target.ts';
import { mutateBytes } from './bytes.ts';
import { mutateText } from './json.ts';

const MAX_REPEATS = 2000;

export const mutateLines: Mutate = (input, choice, others) => {
  if (choice.once(5)) return mutateBytes(input, choice, others);
  const lines = input.toString('utf8').split('\n');
  const at = choice.below(lines.length);
  lines.splice(at, 1, ...changed(lines[at] ?? '', lines, choice));
  const ending = choice.once(10) ? choice.oneOf(['\r\n', '\r', '\n\n', '\u2028', '']) : '\n';
  return Buffer.from(lines.join(ending));
};

/** The lines that stand in place of one. */
function changed(line: string, lines: readonly string[], choice: Choice): string[] {
  switch (choice.below(10)) {
    case 0:
      return [];
    case 1:
      return Array<string>(Math.min(choice.length(MAX_REPEATS), MAX_INPUT_BYTES / (line.length + 1)) | 0).fill(line);
    case 2:
      return [choice.oneOf(lines), line];
    case 3:
      return [line.slice(0, choice.below(line.length))];
    case 4:
      return [line + choice.oneOf(lines)];
    default:
      return [mutateText(line, choice)];
  }
}
