import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { DamagedFileError } from '#minillm/data/documents/damaged-file.js';
import { openRowGroups } from '#minillm/data/documents/parquet-file.js';
import { readRowTexts } from '#minillm/data/documents/parquet-rows.js';
import { ProblemList } from '#minillm/data/documents/problems.js';
import { UserError } from '#minillm/support/errors.js';
import { Random } from '#minillm/support/random.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const CODECS = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4_RAW'] as const;
const ENCODINGS = ['PLAIN', 'RLE_DICTIONARY', 'DELTA_LENGTH_BYTE_ARRAY', 'DELTA_BYTE_ARRAY'] as const;

/** A frame of one block as it is, which says how large it is. */
function storeZstd(page: Uint8Array): Uint8Array {
  const head = Buffer.from('28b52ffda00000000000000000', 'hex').subarray(0, 12);
  head.writeUInt32LE(page.length, 5);
  head.writeUIntLE(1 + 8 * page.length, 9, 3);
  return Buffer.concat([head, page]);
}

/** One sequence of nothing but literals. */
function storeLz4(page: Uint8Array): Uint8Array {
  const head = [16 * Math.min(15, page.length)];
  let rest = page.length - 15;
  for (; rest >= 255; rest -= 255) head.push(255);
  if (rest >= 0) head.push(rest);
  return Buffer.concat([Buffer.from(head), page]);
}

const compressors = { GZIP: gzipSync, BROTLI: brotliCompressSync, ZSTD: storeZstd, LZ4_RAW: storeLz4 };

const texts = Array.from({ length: 60 }, (_, row) =>
  row % 7 === 3 ? null : `Document ${row % 9} — ünï ${'abc '.repeat(row % 5)}`,
);

interface Layout {
  readonly codec: (typeof CODECS)[number];
  readonly encoding: (typeof ENCODINGS)[number];
  readonly nullable: boolean;
}

const LAYOUTS: Layout[] = CODECS.flatMap((codec) =>
  ENCODINGS.flatMap((encoding) => [true, false].map((nullable) => ({ codec, encoding, nullable }))),
);

function parquet({ codec, encoding, nullable }: Layout): Buffer {
  const data = nullable ? texts : texts.map((text) => text ?? 'none');
  const column = { name: 'text', type: 'STRING', data, nullable, encoding } as const;
  // pages of a few rows each
  return Buffer.from(parquetWriteBuffer({ codec, compressors, rowGroupSize: 30, pageSize: 200, columnData: [column] }));
}

async function read(path: string): Promise<string[]> {
  const found: string[] = [];
  for (const { source } of await openRowGroups(path, 'a.parquet', 'text'))
    for await (const bytes of readRowTexts(source, new ProblemList())) found.push(Buffer.from(bytes).toString());
  return found;
}

describe('pages of Parquet', () => {
  it.each(LAYOUTS)('are read: $codec, $encoding, nullable $nullable', async (layout) => {
    const path = join(temporaryFolder(), 'a.parquet');
    writeFileSync(path, parquet(layout));
    const kept = layout.nullable ? texts.filter((text) => text !== null) : texts.map((text) => text ?? 'none');
    expect(await read(path)).toEqual(kept);
  });

  it('of any other bytes are read or refused, and none is read for ever', async () => {
    const path = join(temporaryFolder(), 'a.parquet');
    const random = new Random(1, 'pages');
    const below = (limit: number): number => Math.floor(limit * random.uniform());
    let refused = 0;
    for (const layout of LAYOUTS) {
      const whole = parquet(layout);
      for (let round = 0; round < 40; round++) {
        const bytes = Buffer.from(whole);
        for (let changes = 1 + below(3); changes > 0; changes--) bytes[below(bytes.length - 8)] = below(256);
        writeFileSync(path, bytes);
        await read(path).catch((error: unknown) => {
          // another name of the column is a mistake of the user's
          if (!(error instanceof UserError)) throw error;
          refused++;
        });
      }
    }
    expect(refused).toBeGreaterThan(500);
  });

  // hyparquet 1.31.5 stays in a loop on each: a header without one of its lengths makes a place that is no number
  it.each([
    ['a page without a stored size', 6, 0x47],
    ['a number of values that swallows the next field', 12, 0xec],
  ])('with %s are damage', async (_, place, byte) => {
    const path = join(temporaryFolder(), 'a.parquet');
    const bytes = Buffer.from(
      parquetWriteBuffer({
        codec: 'UNCOMPRESSED',
        statistics: false,
        columnData: [{ name: 'text', data: ['a'], type: 'STRING', nullable: true }],
      }),
    );
    bytes[place] = byte;
    writeFileSync(path, bytes);
    await expect(read(path)).rejects.toThrow(/row group 0: expected intact data, found damage/);
  });

  it('that announce more than there can be are damage before room is made for it', async () => {
    const path = join(temporaryFolder(), 'a.parquet');
    const bytes = parquet({ codec: 'UNCOMPRESSED', encoding: 'PLAIN', nullable: false });
    // a list of lists of lists … of 30 million values each
    const list = Buffer.from('f9808ea70e', 'hex');
    const footer = Buffer.concat([Buffer.from([0x19]), ...Array.from({ length: 40 }, () => list), Buffer.alloc(50)]);
    const end = Buffer.alloc(8, 'PAR1PAR1');
    end.writeUInt32LE(footer.length);
    writeFileSync(path, Buffer.concat([bytes.subarray(0, 100), footer, end]));
    await expect(read(path)).rejects.toThrow(DamagedFileError);
  });
});
