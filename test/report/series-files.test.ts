/** @file The series for other programs: CSV, and event files of TensorBoard. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { seriesCsv } from '#minillm/report/export/csv.js';
import { eventFile } from '#minillm/report/log/tensorboard.js';
import { crc32c, tfRecord } from '#minillm/report/log/tfrecord.js';
import { QUANTITIES, type RunCurves } from '#minillm/report/series/curves.js';
import { readRuns } from '#minillm/report/sources/read-run.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { readEvents } from './event-file.ts';
import { lossAt, writeSyntheticRun } from './synthetic-run.ts';

async function readOne(path: string): Promise<RunCurves> {
  const [run] = await readRuns([path], undefined);
  if (!run) throw new Error('no run was read');
  return run;
}

test('the CSV of a run reads back as the same series', async () => {
  const run = await readOne(writeSyntheticRun(temporaryFolder(), { hellaswagExamples: 503 }));
  const path = join(temporaryFolder(), 'run.csv');
  writeFileSync(path, seriesCsv(run));
  const again = await readOne(path);
  expect([again.tokensPerStep, again.hellaswagExamples]).toEqual([1024, 503]);
  for (const quantity of QUANTITIES) expect(again.series[quantity], quantity).toEqual(run.series[quantity]);
});

describe('TFRecord', () => {
  test('CRC-32C is that of RFC 3720, appendix B.4, and of the usual check', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  });

  test('frames data with its length and both masked checksums', () => {
    // what TensorBoard's masked_crc32c gives for "abc" and its length
    expect(Buffer.from(tfRecord(Buffer.from('abc'))).toString('hex')).toBe('0300000000000000b099490e6162636e57f121');
  });
});

describe('the event file', () => {
  test('holds every number at its step, the version first, times ascending', async () => {
    const run = await readOne(writeSyntheticRun(temporaryFolder()));
    const events = readEvents(Buffer.from(eventFile(run)));
    expect(events[0]?.version).toBe('brain.Event:2');
    const losses = events.flatMap(({ step, scalars }) =>
      scalars['loss/train'] === undefined ? [] : [{ step, loss: scalars['loss/train'] }],
    );
    // step 123 is no number
    expect(losses.map(({ step }) => step)).toEqual([...Array(600).keys()].filter((step) => step !== 123));
    for (const { step, loss } of losses) expect(loss).toBeCloseTo(lossAt(step), 5);
    const texts = events.filter(({ texts }) => texts['samples/1'] !== undefined);
    expect(texts.map(({ step }) => step)).toEqual(Array.from({ length: 13 }, (_, index) => 50 * index));
    const times = events.map(({ time }) => time);
    expect(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0))).toBe(true);
    // 600 steps of half a second
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeCloseTo(300, 3);
  });
});
