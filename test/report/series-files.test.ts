/** @file The series for other programs: CSV, and event files of TensorBoard. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { seriesCsv } from '#minillm/report/export/csv.js';
import { eventFile } from '#minillm/report/export/tensorboard.js';
import { crc32c, tfRecord } from '#minillm/report/export/tfrecord.js';
import { QUANTITIES, type RunCurves } from '#minillm/report/series/curves.js';
import { readRuns } from '#minillm/report/sources/read-run.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
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
    const events = readEvents(eventFile(run));
    expect(events[0]?.text).toContain('brain.Event:2');
    const losses = events.filter(({ text }) => text.includes('loss/train'));
    // step 123 is no number
    expect(losses).toHaveLength(599);
    expect(losses[0]?.float).toBeCloseTo(lossAt(0), 5);
    expect(losses.at(-1)?.float).toBeCloseTo(lossAt(599), 5);
    expect(events.filter(({ text }) => text.includes('samples/1'))).toHaveLength(13);
    const times = events.map(({ time }) => time);
    expect(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0))).toBe(true);
    // 600 steps of half a second
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeCloseTo(300, 3);
  });
});

/** The records of an event file: its time, its bytes as text, and its last four bytes as the number that a scalar ends with. */
function readEvents(file: Uint8Array) {
  const bytes = Buffer.from(file);
  const events = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(Buffer.from(tfRecord(data)).equals(bytes.subarray(at, at + 16 + length))).toBe(true);
    // field 1, a double
    expect(data[0]).toBe(9);
    events.push({ time: data.readDoubleLE(1), text: data.toString('latin1'), float: data.readFloatLE(length - 4) });
    at += 16 + length;
  }
  return events;
}
