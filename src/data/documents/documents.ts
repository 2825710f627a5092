/** @file Documents from files, in order, as a stream: plain text or JSON lines, by the name of the file. */

import { END_OF_TEXT_STRING } from '../../support/gpt2-vocabulary.ts';
import { DamagedFileError } from './damaged-file.ts';
import { jsonlDocuments } from './jsonl-documents.ts';
import { textDocuments } from './text-documents.ts';

/** A document, or one part of a document too long to hold in memory. */
export interface DocumentPart {
  readonly text: string;
  /** Whether a document begins with this part. */
  readonly startsDocument: boolean;
  /** Bytes of input (as they lie on disk) read since the part before, for progress. */
  readonly bytes: number;
}

export interface ReadDocumentsOptions {
  /** Plain text: what stands between two documents; `<|endoftext|>` by default. */
  readonly splitOn?: string;
  /** JSON lines: the field that holds the text; `text` by default. */
  readonly textField?: string;
  /**
   * Called for each line of JSON lines that is no document, and for a damaged file; the line, or the rest of the file, is
   * then skipped. Without it they are errors.
   */
  readonly onBadLine?: (problem: string) => void;
  /** JSON lines: documents without text are given as well. */
  readonly keepEmpty?: boolean;
}

const JSON_LINES = /\.jsonl?(\.gz)?$/;

/**
 * The documents of `.jsonl`, `.jsonl.gz`, `.json` and `.json.gz` files (one object a line) and of plain text files
 * (any other name), one file after the other. Documents without text are left out, unless they are to be kept.
 * @throws UserError naming the file, and the line or byte, of what cannot be read.
 */
export async function* readDocuments(
  paths: readonly string[],
  options: ReadDocumentsOptions = {},
): AsyncGenerator<DocumentPart> {
  const { splitOn = END_OF_TEXT_STRING, textField = 'text' } = options;
  for (const path of paths) {
    try {
      yield* JSON_LINES.test(path) ? jsonlDocuments(path, textField, options) : textDocuments(path, splitOn);
    } catch (cause) {
      if (options.onBadLine === undefined || !(cause instanceof DamagedFileError)) throw cause;
      options.onBadLine(cause.message);
    }
  }
}
