/** @file The texts of one row group of a Parquet file, read by the thread that tokenises them. */
import { isUtf8 } from 'node:buffer';
import { messageOf } from '../../support/errors.ts';
import { openRegularFile } from '../../support/regular-file.ts';
import { DamagedFileError } from './damaged-file.ts';
import { type RowGroupSource, readSlice } from './parquet-file.ts';
import { readChunk } from './parquet-pages.ts';
import type { ProblemList } from './problems.ts';

/**
 * Gives the texts of one column of one row group in the order of the rows, as UTF-8, and reads nothing else of the file. Rows
 * without text are left out, unless the source keeps those that are empty.
 * @param problems collects the rows left out because they hold something else.
 * @throws DamagedFileError when the row group cannot be read to its end; then what it gave should not be trusted.
 */
export async function* readRowTexts(source: RowGroupSource, problems: ProblemList): AsyncGenerator<Uint8Array> {
  const { label, keepEmpty } = source;
  try {
    for (const [row, value] of readChunk(await readStored(source), source)) {
      if (value.length === 0 && !keepEmpty) continue;
      if (isUtf8(value)) yield value;
      else problems.add(`${label}, row ${row}: expected UTF-8, found other bytes`);
    }
  } catch (cause) {
    throw new DamagedFileError(`${label}: expected intact data, found damage (${messageOf(cause)})`);
  }
}

async function readStored({ path, start, storedBytes }: RowGroupSource): Promise<Uint8Array> {
  const file = await openRegularFile(path);
  try {
    return await readSlice(file, start, storedBytes);
  } finally {
    await file.close();
  }
}
