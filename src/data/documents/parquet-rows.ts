/** @file The texts of one row group of a Parquet file, read by the thread that tokenises them. */
import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { parquetScan } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { messageOf } from '../../support/errors.ts';
import { ProblemList, type Problems } from '../build/problems.ts';
import { asyncBufferOf, type RowGroupSource } from './parquet-file.ts';

/** The texts come as their bytes: a string is made where one is needed. */
const asBytes = { stringFromBytes: (bytes: Uint8Array) => bytes, jsonFromBytes: (bytes: Uint8Array) => bytes };

export interface RowTexts {
  /** UTF-8, in the order of the rows; rows without text are left out. */
  readonly texts: readonly Uint8Array[];
  /** What is wrong with the row group, or with rows that were left out. */
  readonly problems: Problems;
}

/** Reads one column of one row group, and nothing else of the file. A row group that cannot be read is a problem and no text. */
export async function readRowTexts({ path, label, column, metadata }: RowGroupSource): Promise<RowTexts> {
  const texts: Uint8Array[] = [];
  const problems = new ProblemList();
  try {
    for (const [row, value] of (await readColumn(path, column, metadata)).entries()) {
      if (value === undefined || value === null || value.length === 0) continue;
      if (isUtf8(value)) texts.push(value);
      else problems.add(`${label}, row ${row}: expected UTF-8, found other bytes`);
    }
    return { texts, problems: problems.take() };
  } catch (cause) {
    problems.add(`${label}: expected intact data, found damage (${messageOf(cause)})`);
    return { texts: [], problems: problems.take() };
  }
}

async function readColumn(
  path: string,
  column: string,
  metadata: RowGroupSource['metadata'],
): Promise<readonly (Uint8Array | null | undefined)[]> {
  const file = await open(path, 'r');
  try {
    const buffer = asyncBufferOf(file, (await file.stat()).size);
    const scan = await parquetScan({ file: buffer, metadata, columns: [column], compressors, parsers: asBytes });
    const [range] = scan.ranges;
    if (range === undefined) return [];
    const values = await scan.readColumn({ column, ...range });
    if (values.length !== Number(metadata.num_rows))
      throw new Error(`${values.length} rows where ${metadata.num_rows} are announced`);
    return values as readonly (Uint8Array | null | undefined)[];
  } finally {
    await file.close();
  }
}
