/** @file The files of a corpus divided among machines: each takes some in a row, about as many bytes as the others. */
import { UserError } from '../../support/errors.ts';

/** One of `count` parts, from 0. */
export interface CorpusPart {
  readonly index: number;
  readonly count: number;
}

interface Sized {
  readonly bytes: number;
}

/**
 * The files of one part. All parts in order are the whole corpus in its order, and none is empty.
 * @throws UserError when there are fewer files than parts.
 */
export function selectPart<File extends Sized>(files: readonly File[], { index, count }: CorpusPart): readonly File[] {
  if (files.length < count) {
    throw new UserError(
      `expected as many files as parts (${count}) or more, found ${files.length}; ask for fewer parts`,
    );
  }
  const bounds = partBounds(files, count);
  return files.slice(bounds[index], bounds[index + 1]);
}

/** Where each part begins, and the end: at the file whose middle lies past an equal share of the bytes. */
function partBounds(files: readonly Sized[], count: number): number[] {
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  const bounds = [0];
  let file = 0;
  let bytes = 0;
  for (let part = 1; part < count; part++) {
    const min = bounds[part - 1]! + 1;
    const max = files.length - (count - part);
    while (file < min || (file < max && bytes + files[file]!.bytes / 2 < (total * part) / count))
      bytes += files[file++]!.bytes;
    bounds.push(file);
  }
  return [...bounds, files.length];
}
