/** @file The files of a corpus divided among machines: each takes some in a row, about as many bytes as the others. */
import type { CorpusFile } from '../hub/corpus-files.ts';
import { UserError } from '../support/errors.ts';
import type { ReadableFiles } from './file-corpus.ts';

/** One of `count` parts, from 0. */
export interface CorpusPart {
  readonly index: number;
  readonly count: number;
}

/**
 * The files of one part. All parts in order are the whole corpus in its order, and none is empty.
 * @throws UserError when there are fewer files than parts.
 */
export function filesOfPart(files: ReadableFiles, part: CorpusPart): ReadableFiles {
  if (files.files.length < part.count) {
    throw new UserError(
      `expected as many files as parts (${part.count}) or more, found ${files.files.length}; ask for fewer parts`,
    );
  }
  const bounds = partBounds(files.files, part.count);
  const first = bounds[part.index]!;
  const { release } = files;
  return {
    source: files.source,
    files: files.files.slice(first, bounds[part.index + 1]),
    fetch: (index, options) => files.fetch(first + index, options),
    ...(release === undefined ? {} : { release: (index) => release.call(files, first + index) }),
  };
}

/** Where each part begins, and the end: the first file that starts at or after an equal share of the bytes. */
function partBounds(files: readonly CorpusFile[], count: number): number[] {
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  const bounds = [0];
  let file = 0;
  let bytes = 0;
  for (let part = 1; part < count; part++) {
    const least = bounds[part - 1]! + 1;
    const most = files.length - (count - part);
    while (file < least || (file < most && bytes + files[file]!.bytes / 2 < (total * part) / count))
      bytes += files[file++]!.bytes;
    bounds.push(file);
  }
  return [...bounds, files.length];
}
