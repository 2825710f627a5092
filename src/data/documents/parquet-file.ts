/**
 * @file What a Parquet file says about itself in its footer: row groups and columns. Rows are read elsewhere, by the threads
 * that tokenise (parquet-rows.ts); a row group's description is small enough to be sent to them.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, type RowGroup } from 'hyparquet';
import { messageOf, UserError } from '../../support/errors.ts';
import { fileError } from '../../support/files.ts';
import { nearestName } from '../../support/suggest.ts';

/** A file that is not what its name says, or no longer. It may be passed over; other errors about a file may not. */
export class DamagedFileError extends UserError {
  override readonly name = 'DamagedFileError';
}

/** Magic, an empty footer's length and magic again: nothing shorter is Parquet. */
const SHORTEST_FILE = 12;

/** One column of one row group, ready to be read. */
export interface RowGroupSource {
  readonly path: string;
  /** How errors name it: the file and the row group. */
  readonly label: string;
  readonly column: string;
  /** The file's metadata with this row group and this column alone. */
  readonly metadata: FileMetaData;
}

export interface RowGroupOfFile {
  readonly source: RowGroupSource;
  /** Bytes of the column once it is decompressed. */
  readonly bytes: number;
}

/** What is needed of an open file. (Node's own type would be one of the package's declarations, which do without Node's.) */
interface OpenFile {
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

/** An open file as hyparquet reads it: slices, never the whole. */
export function asyncBufferOf(file: OpenFile, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const bytes = new Uint8Array(end - start);
      for (let filled = 0; filled < bytes.length; ) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) throw new Error(`the file ends before byte ${end}`);
        filled += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

/**
 * The row groups of a Parquet file, in order, for reading one column of text.
 * @param name how errors call the file.
 * @throws DamagedFileError when it is not a whole Parquet file.
 * @throws UserError when it cannot be opened, or has no such column of texts (listing those it has).
 */
export async function openRowGroups(path: string, name: string, column: string): Promise<RowGroupOfFile[]> {
  const metadata = await readFooter(path, name);
  checkColumn(metadata, name, column);
  return metadata.row_groups.map((rowGroup, index) => {
    const columns = rowGroup.columns.filter((chunk) => chunk.meta_data?.path_in_schema[0] === column);
    const alone: RowGroup = { columns, num_rows: rowGroup.num_rows, total_byte_size: rowGroup.total_byte_size };
    const { version, schema, metadata_length } = metadata;
    const numberOfRows = rowGroup.num_rows;
    return {
      source: {
        path,
        label: `${name} row group ${index}`,
        column,
        metadata: { version, schema, metadata_length, num_rows: numberOfRows, row_groups: [alone] },
      },
      bytes: columns.reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0), 0),
    };
  });
}

async function readFooter(path: string, name: string): Promise<FileMetaData> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw fileError(path, 'read it', cause);
  }
  try {
    const { size } = await file.stat();
    if (size < SHORTEST_FILE) throw new Error(size === 0 ? 'an empty file' : `${size} bytes`);
    const metadata = await parquetMetadataAsync(asyncBufferOf(file, size), { geoparquet: false });
    if (metadata.schema.some(({ name }) => name === undefined)) throw new Error('columns without names');
    return metadata;
  } catch (cause) {
    throw new DamagedFileError(`${name}: expected a whole Parquet file, found otherwise (${messageOf(cause)})`);
  } finally {
    await file.close();
  }
}

function checkColumn({ schema }: FileMetaData, name: string, column: string): void {
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
