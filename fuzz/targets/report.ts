/** @file The report of a run whose numbers come from anywhere: pictures, page, tables. */

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readRuns } from '#minillm/report/sources/read-run.js';
import { writeReport } from '#minillm/report/write-report.js';
import { fileTarget } from '../file-target.ts';
import { mutateLines } from '../mutate/lines.ts';
import { LOGS } from './logs.ts';

export const target = fileTarget({
  name: 'report',
  fileName: 'run.log',
  share: 0.02,
  seeds: () => LOGS,
  mutate: mutateLines,
  async read(path, folder) {
    const runs = await readRuns([path], 524_288);
    const out = join(folder, 'report');
    await mkdir(out, { recursive: true });
    await writeReport(runs, out, { title: 'Fuzz', notes: [], references: true, csv: true, tensorboard: true });
    await rm(out, { recursive: true });
  },
});
