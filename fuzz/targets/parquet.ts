/** @file Parquet files of every codec and encoding, their texts read as a build reads them. */

import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { CompressionCodec, Encoding } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { openRowGroups } from '#minillm/data/documents/parquet-file.js';
import { readRowTexts } from '#minillm/data/documents/parquet-rows.js';
import { ProblemList } from '#minillm/data/documents/problems.js';
import { UserError } from '#minillm/support/errors.js';
import { fileTarget } from '../file-target.ts';
import { lz4Hadoop, lz4Literals } from '../lz4.ts';
import { hostileInteger, mutateBytes } from '../mutate/bytes.ts';
import type { Mutate } from '../target.ts';

const TEXTS = [
  'Once upon a time there was a fox. '.repeat(6),
  null,
  '',
  'naïve 日本 🙂',
  ...Array<string>(20).fill('the end'),
];

/** A file of the texts, compressed by `zstd -19`, which Node.js has only from version 22.15 on. */
const ZSTD =
  'UEFSMRUGFdwGFdwBXBUKFQIVChUAFQQVAAAAAx0otS/9AGgdAwDkBFYBAABPbmNlIHVwb24gYSB0aW1lIHRoZXJlIHdhcyBhIGZveCwgYW5kcXVpY2suIAAAAAAlAAAAbmHDr3ZlIOaXpeacrCDwn5mCICEALgYAisvB2/SGBldqdUrADBAMZhkVBBksSARyb290FQIAFQwlAhgEdGV4dCUAABYKGRwZHCYIHBUMGRUAGRgEdGV4dBUMFgoWigcWigImCAAAFooHFgo2igIAKAloeXBhcnF1ZXQZHBwAAABXAAAAUEFSMQ==';

const compressors = {
  GZIP: (bytes: Uint8Array) => gzipSync(bytes),
  BROTLI: (bytes: Uint8Array) => brotliCompressSync(bytes),
  LZ4: lz4Hadoop,
  LZ4_RAW: lz4Literals,
};

interface Layout {
  readonly codec?: CompressionCodec;
  readonly encoding?: Encoding;
  /** Bytes of a page. */
  readonly pageSize?: number;
}

function buildFile({ codec = 'UNCOMPRESSED', encoding, pageSize = 1 << 20 }: Layout): Buffer {
  const text = { name: 'text', data: TEXTS, type: 'STRING' as const, nullable: true };
  const numbers = { name: 'id', data: TEXTS.map((_, row) => row), type: 'INT32' as const };
  const columnData = [numbers, encoding === undefined ? text : { ...text, encoding }];
  return Buffer.from(parquetWriteBuffer({ codec, compressors, rowGroupSize: 16, pageSize, columnData }));
}

const MAGIC_BYTES = 4;
/** The length of the footer, and the magic again. */
const END_BYTES = 8;

/** The pages or the footer damaged, the footer's length then made to fit; or anything. */
const mutate: Mutate = (input, choice, others) => {
  const end = input.length - END_BYTES;
  const footerLength = end < 0 ? 0 : input.readUInt32LE(end);
  const start = end - footerLength;
  if (start < MAGIC_BYTES || choice.once(6)) return mutateBytes(input, choice, others);
  let [pages, footer] = [input.subarray(MAGIC_BYTES, start), input.subarray(start, end)];
  const length = Buffer.alloc(4);
  if (choice.once(2)) {
    // of the same length, so that what the footer says of places stays true
    const damaged = mutateBytes(pages, choice, others);
    pages = choice.once(4) ? damaged : Buffer.concat([damaged, Buffer.alloc(pages.length)]).subarray(0, pages.length);
  } else footer = mutateBytes(footer, choice, others);
  length.writeUInt32LE(footer.length);
  if (choice.once(30)) length.set(hostileInteger(choice).subarray(0, 4));
  return Buffer.concat([input.subarray(0, MAGIC_BYTES), pages, footer, length, Buffer.from('PAR1')]);
};

export const target = fileTarget({
  name: 'parquet',
  fileName: 'part.parquet',
  share: 3,
  seeds: () => [
    ...(['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'LZ4', 'LZ4_RAW'] as const).map((codec) => buildFile({ codec })),
    Buffer.from(ZSTD, 'base64'),
    ...(['PLAIN', 'DELTA_LENGTH_BYTE_ARRAY', 'DELTA_BYTE_ARRAY'] as const).map((encoding) =>
      buildFile({ encoding, pageSize: 64 }),
    ),
  ],
  mutate,
  async read(path) {
    for (const { source } of await openRowGroups(path, 'part.parquet', 'text')) {
      const problems = new ProblemList();
      for await (const _text of readRowTexts(source, problems));
      const { count, messages } = problems.take();
      if (count > 0) throw new UserError(messages.join('; '));
    }
  },
});
