/**
 * @file What a Parquet file says about itself in its footer: row groups and columns. Rows are read elsewhere, by the threads
 * that tokenise (parquet-rows.ts); a row group's description is small enough to be sent to them.
 */
import type { FileHandle } from 'node:fs/promises';
import { type FileMetaData, parquetMetadata, type SchemaElement } from 'hyparquet';
import { messageOf, UserError } from '../../support/errors.ts';
import { fileError } from '../../support/files.ts';
import { openRegularFile } from '../../support/regular-file.ts';
import { nearestName } from '../../support/suggest.ts';
import { DamagedFileError } from './damaged-file.ts';
import { type ChunkLayout, maxTextBytes } from './parquet-pages.ts';
import { ThriftReader } from './thrift.ts';

/** Magic, an empty footer's length and magic again: nothing shorter is Parquet. */
const MIN_FILE_BYTES = 12;

/** Of a file with 280,000 column chunks. */
const MAX_FOOTER_BYTES = 1 << 26;
/** The footer's length and the magic, at the end of the file. */
const END_BYTES = 8;
const MAGIC = 'PAR1';

/** One column of one row group, ready to be read. */
export interface RowGroupSource extends ChunkLayout {
  readonly path: string;
  /** How errors name it: the file and the row group. */
  readonly label: string;
  /** Where the column lies in the file. */
  readonly start: number;
  readonly storedBytes: number;
  /** Whether rows with an empty text are documents. */
  readonly keepEmpty: boolean;
}

export interface RowGroupOfFile {
  readonly source: RowGroupSource;
  /** Bytes of the column once it is decompressed. */
  readonly bytes: number;
}

/** What is needed of an open file. (Node's own type would be one of the package's declarations, which do without Node's.) */
interface OpenFile {
  stat(): Promise<{ readonly size: number }>;
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

/** Some bytes of a file. */
export async function readSlice(file: OpenFile, start: number, length: number): Promise<Uint8Array> {
  const { size } = await file.stat();
  if (!(start >= 0 && length >= 0 && start + length <= size)) throw new Error(`${length} bytes at ${start} of ${size}`);
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, start + filled);
    if (bytesRead === 0) throw new Error(`the file ends before byte ${start + length}`);
    filled += bytesRead;
  }
  return bytes;
}

/**
 * The row groups of a Parquet file, in order, for reading one column of text.
 * @param name how errors call the file.
 * @throws DamagedFileError when it is not a whole Parquet file.
 * @throws UserError when it cannot be opened, or has no such column of texts (listing those it has).
 */
export async function openRowGroups(
  path: string,
  name: string,
  column: string,
  keepEmpty = false,
): Promise<RowGroupOfFile[]> {
  const metadata = await readFooter(path, name);
  const { repetition_type } = findColumn(metadata, name, column);
  return metadata.row_groups.map(({ columns, num_rows }, index) => {
    const chunk = columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === column)?.meta_data;
    const storedBytes = Number(chunk?.total_compressed_size ?? 0);
    return {
      source: {
        path,
        label: `${name} row group ${index}`,
        start: Number(chunk?.dictionary_page_offset || chunk?.data_page_offset || 0),
        storedBytes,
        keepEmpty,
        codec: chunk?.codec,
        isOptional: repetition_type !== 'REQUIRED',
        rows: Number(num_rows),
      },
      bytes: Math.min(Number(chunk?.total_uncompressed_size ?? 0), maxTextBytes(storedBytes)),
    };
  });
}

async function readFooter(path: string, name: string): Promise<FileMetaData> {
  let file: FileHandle;
  try {
    file = await openRegularFile(path);
  } catch (cause) {
    throw fileError(path, 'read it', cause);
  }
  try {
    const { size } = await file.stat();
    if (size < MIN_FILE_BYTES) throw new Error(size === 0 ? 'an empty file' : `${size} bytes`);
    const end = Buffer.from(await readSlice(file, size - END_BYTES, END_BYTES));
    if (end.toString('latin1', 4) !== MAGIC) throw new Error(`no ${MAGIC} at its end`);
    const footerBytes = end.readUInt32LE(0);
    if (footerBytes > MAX_FOOTER_BYTES) throw new Error(`a footer of ${footerBytes} bytes`);
    const footer = await readSlice(file, size - END_BYTES - footerBytes, footerBytes + END_BYTES);
    // hyparquet makes room for lists of any length that a footer claims
    new ThriftReader(footer).readStruct();
    const metadata = parquetMetadata(footer, { geoparquet: false });
    if (metadata.schema.some(({ name }) => typeof name !== 'string')) throw new Error('columns without names');
    const chunks = metadata.row_groups.flatMap(({ columns }) => columns.map(({ meta_data }) => meta_data));
    // what should be a struct may be a number or false
    if (chunks.some((chunk) => chunk !== undefined && !Array.isArray(chunk.path_in_schema)))
      throw new Error('chunks of no column');
    return metadata;
  } catch (cause) {
    throw new DamagedFileError(`${name}: expected a whole Parquet file, found otherwise (${messageOf(cause)})`);
  } finally {
    await file.close();
  }
}

function findColumn({ schema }: FileMetaData, name: string, column: string): SchemaElement {
  const columns = topLevelColumns(schema);
  const found = columns.find((element) => element.name === column);
  if (found === undefined) {
    const names = columns.map((element) => element.name);
    const meant = nearestName(column, names);
    const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
    throw new UserError(
      `${name}: expected a column ${column}, found ${names.join(', ')}; choose one with --text-field${hint}`,
    );
  }
  if (found.type !== 'BYTE_ARRAY' || found.repetition_type === 'REPEATED') {
    const type = found.converted_type ?? found.type ?? 'a nested one';
    throw new UserError(
      `${name}: expected column ${column} to hold texts, found ${type}; choose another with --text-field`,
    );
  }
  return found;
}

/** The children of the schema's root. Elements are listed depth first, each with the number of its children. */
function topLevelColumns(schema: FileMetaData['schema']): FileMetaData['schema'] {
  const columns: FileMetaData['schema'] = [];
  let nested = 0;
  for (const element of schema.slice(1)) {
    if (nested === 0) columns.push(element);
    else nested--;
    nested += element.num_children ?? 0;
  }
  return columns;
}
