/** @file Parquet files as hubs hold them: texts among other columns, in small row groups. */

import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import type { CorpusFiles } from '#minillm/hub/corpus-files.js';

export interface ParquetChanges {
  readonly rowsPerGroup?: number;
  readonly codec?: 'SNAPPY' | 'UNCOMPRESSED';
}

/** Writes texts, null where there is none, to a file with columns `id`, `text` and `score`. */
export function writeParquet(path: string, texts: readonly (string | null)[], changes: ParquetChanges = {}): void {
  parquetWriteFile({
    filename: path,
    rowGroupSize: changes.rowsPerGroup ?? 100,
    codec: changes.codec ?? 'SNAPPY',
    columnData: [
      { name: 'id', data: texts.map((_, row) => `row-${row}`), type: 'STRING' },
      { name: 'text', data: [...texts], type: 'STRING', nullable: true },
      { name: 'score', data: texts.map((_, row) => row / 10), type: 'DOUBLE' },
    ],
  });
}

/** Texts of many lengths, all different, not all ASCII. */
export function sampleTexts(count: number, seed = 0): string[] {
  const sentences = ['The quick brown fox jumps. ', 'Über den Wolken 🙂 — ', '“Quoted”, 1234.5 and so on;\n'];
  return Array.from({ length: count }, (_, i) => {
    const number = (i * 7919 + seed * 104729) % 1009;
    return `Document ${i} of ${seed}: ${sentences[number % 3]!.repeat(number % 60)}`;
  });
}

/** Files on this disk as if they were fetched; records what was fetched and released. */
export function recordedFiles(paths: readonly string[]): CorpusFiles & { readonly log: string[] } {
  const log: string[] = [];
  return {
    source: 'a test',
    files: paths.map((path) => ({
      name: path,
      bytes: statSync(path).size,
      sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
    })),
    log,
    async fetch(index, { onProgress }) {
      log.push(`fetch ${index}`);
      onProgress?.(statSync(paths[index]!).size);
      return paths[index]!;
    },
    async release(index) {
      log.push(`release ${index}`);
    },
  };
}

/** Writes `count` files of `rows` rows each; returns their paths and all texts in order. */
export function parquetFiles(folder: string, count: number, rows: number): { paths: string[]; texts: string[] } {
  const all = Array.from({ length: count }, (_, file) => sampleTexts(rows, file));
  const paths = all.map((texts, file) => {
    const path = join(folder, `part-${file}.parquet`);
    writeParquet(path, texts, { rowsPerGroup: 50 });
    return path;
  });
  return { paths, texts: all.flat() };
}
