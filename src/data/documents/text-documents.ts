/** @file Documents of a plain text file: the text between separators, or all of it. */
import { UserError } from '../../support/errors.ts';
import { lastSafeCut } from '../tokenizer/pretokenizer.ts';
import type { DocumentPart } from './documents.ts';
import { readUtf8File } from './utf8-file.ts';

/** Longer documents are given in parts of about this many characters, cut where it does not change a token. */
const PART_LENGTH = 1 << 20;

/** The end of a part cut at `index`, moved so that it does not fall between the halves of a surrogate pair. */
function wholeCharacters(text: string, index: number): number {
  return (text.charCodeAt(index) & 0xfc00) === 0xdc00 ? index - 1 : index;
}

/**
 * The documents of a text file. A document of nothing but white space is left out.
 * @throws UserError when `splitOn` is empty or the file cannot be read.
 */
export async function* textDocuments(path: string, splitOn: string): AsyncGenerator<DocumentPart> {
  if (splitOn === '') throw new UserError('expected a text to split documents on, found an empty one');
  let pending = '';
  let searched = 0;
  let bytes = 0;
  let startsDocument = true;

  function* part(text: string): Generator<DocumentPart> {
    if (text === '' || (startsDocument && text.trim() === '')) return;
    yield { text, startsDocument, bytes };
    bytes = 0;
    startsDocument = false;
  }

  for await (const chunk of readUtf8File(path)) {
    pending += chunk.text;
    bytes += chunk.bytes;
    let start = 0;
    for (;;) {
      const end = pending.indexOf(splitOn, Math.max(start, searched));
      if (end < 0) break;
      yield* part(pending.slice(start, end));
      start = end + splitOn.length;
      searched = start;
      startsDocument = true;
    }
    pending = pending.slice(start);
    // a separator may lie across two chunks
    searched = Math.max(0, pending.length - splitOn.length + 1);
    if (pending.length > PART_LENGTH + splitOn.length) {
      const cut = lastSafeCut(pending, searched) || wholeCharacters(pending, searched);
      yield* part(pending.slice(0, cut));
      pending = pending.slice(cut);
      searched -= cut;
    }
  }
  yield* part(pending);
}
