import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DamagedFileError } from '#minillm/data/documents/damaged-file.js';
import { openRowGroups } from '#minillm/data/documents/parquet-file.js';
import { readRowTexts } from '#minillm/data/documents/parquet-rows.js';
import { ProblemList } from '#minillm/data/documents/problems.js';
import { UserError } from '#minillm/support/errors.js';
import { Random } from '#minillm/support/random.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { sampleTexts, writeParquet } from './parquet-files.ts';

/** All texts of a file, and how many problems there are. */
async function read(path: string): Promise<{ texts: string[]; problems: number }> {
  const texts: string[] = [];
  let problems = 0;
  for (const { source } of await openRowGroups(path, 'a.parquet', 'text')) {
    const found = new ProblemList();
    try {
      for await (const bytes of readRowTexts(source, found)) texts.push(Buffer.from(bytes).toString());
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      problems++;
    }
    problems += found.take().count;
  }
  return { texts, problems };
}

test('a footer of which some bytes are others is read, or reported as damaged, but is no defect of ours', async () => {
  const path = join(temporaryFolder(), 'a.parquet');
  const texts = sampleTexts(60);
  writeParquet(path, texts, { rowsPerGroup: 20 });
  expect(await read(path)).toEqual({ texts, problems: 0 });
  const whole = readFileSync(path);
  const footer = 8 + whole.readUInt32LE(whole.length - 8);
  const random = new Random(1, 'mutations');
  const below = (limit: number): number => Math.floor(limit * random.uniform());
  let damaged = 0;
  for (let round = 0; round < 500; round++) {
    const bytes = Buffer.from(whole);
    for (let changes = 1 + below(4); changes > 0; changes--) bytes[bytes.length - 1 - below(footer)] = below(256);
    writeFileSync(path, bytes);
    try {
      if ((await read(path)).problems > 0) damaged++;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      damaged++;
    }
  }
  expect(damaged).toBeGreaterThan(100);
});

test('a footer in which the metadata of a column is false is damaged', async () => {
  const path = join(temporaryFolder(), 'a.parquet');
  // Thrift: version 1; the root and a column "text"; no rows; a row group with one chunk, whose third field is false
  const schema = ['192c', '480172', '1502', '00', '150c', '2500', '180474657874', '00'];
  const rowGroups = ['191c', '191c', '32', '00', '2600', '00'];
  const footer = Buffer.from(['1502', ...schema, '1600', ...rowGroups, '00'].join(''), 'hex');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  writeFileSync(path, Buffer.concat([Buffer.from('PAR1'), footer, length, Buffer.from('PAR1')]));
  await expect(openRowGroups(path, 'a.parquet', 'text')).rejects.toThrow(/a\.parquet: .*chunks of no column/);
});
