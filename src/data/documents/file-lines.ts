/** @file The lines of a file of UTF-8 text, plain or gzipped, as a stream. */
import { DamagedFileError } from './damaged-file.ts';
import { readUtf8File } from './utf8-file.ts';

/** Characters of a line. JSON of so many takes forty times as much memory at worst. */
const MAX_LINE = 2 ** 25;

/** The lines that end in each chunk of the file, and at its end the last one, with the bytes read from disk for them. */
export async function* fileLines(path: string): AsyncGenerator<{ readonly lines: string[]; readonly bytes: number }> {
  let unfinished: string[] = [];
  let unfinishedCharacters = 0;
  for await (const { text, bytes } of readUtf8File(path)) {
    const lines = text.split('\n');
    unfinished.push(lines[0]!);
    unfinishedCharacters += lines[0]!.length;
    if (unfinishedCharacters > MAX_LINE)
      throw new DamagedFileError(
        `${path}: expected lines of at most ${MAX_LINE} characters, found a longer one; is it JSON lines, one document a line?`,
      );
    if (lines.length > 1) {
      lines[0] = unfinished.join('');
      unfinished = [lines.pop()!];
      unfinishedCharacters = unfinished[0]!.length;
      yield { lines, bytes };
    } else {
      yield { lines: [], bytes };
    }
  }
  yield { lines: [unfinished.join('')], bytes: 0 };
}
