/** @file Files on this disk as those of a corpus. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { CorpusFile } from '../../hub/corpus-files.ts';
import { fileError } from '../../support/files.ts';
import { checkRegular } from '../../support/regular-file.ts';
import { type CorpusPart, selectPart } from './corpus-parts.ts';
import type { ReadableFiles } from './file-corpus.ts';

/** Names that `dataset.json` gives as the source; of more files the first and their number. */
const NAMED_FILES = 10;

interface LocalFile extends CorpusFile {
  /** When it was last written, in milliseconds since 1970: distinguishes another file of the same name and size. */
  readonly modified: number;
}

/**
 * The files of these paths, in this order.
 * @param part leaves out those of other parts.
 * @throws UserError naming a path that cannot be read, or is no regular file: a build reads its files again when it is
 * taken up again.
 */
export async function localFiles(paths: readonly string[], part?: CorpusPart): Promise<ReadableFiles> {
  const all: LocalFile[] = [];
  for (const path of paths) {
    const stats = await stat(path).catch((cause: unknown) => {
      throw fileError(path, 'read it', cause);
    });
    checkRegular(path, stats);
    all.push({ name: path, bytes: stats.size, modified: Math.round(stats.mtimeMs) });
  }
  const names = paths.map((path) => basename(path));
  const source = names.length <= NAMED_FILES ? names.join(', ') : `${names[0]} and ${names.length - 1} more files`;
  const files = part === undefined ? all : selectPart(all, part);
  return { source, files, fetch: async (index) => files[index]!.name };
}
