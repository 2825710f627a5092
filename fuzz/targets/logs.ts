/** @file Logs and tables that other programs wrote, plain and compressed. */

import { gzipSync } from 'node:zlib';
import { summaryOf } from '#minillm/report/series/summary.js';
import { readRuns } from '#minillm/report/sources/read-run.js';
import { fileTarget } from '../file-target.ts';
import { mutateGzip } from '../mutate/gzip.ts';
import { mutateLines } from '../mutate/lines.ts';
import type { Mutate } from '../target.ts';

export const LOGS = [
  '0 val 10.9510\n0 hella 0.2463\n0 train 10.955029\n1 train 9.6\n2 train nan\n250 val 6.1045\n250 hella 0.2501\n',
  's:0 tel:10.9510\ns:0 eval:0.2463\ns:0 trl:10.9550 lr:0.000001 norm:15.21\ns:1 trl:9.6 lr:0.000002 norm:inf\n',
  'step,train_loss,val_loss,hellaswag,lr,norm,tokens\n0,10.9,10.95,,6e-4,1.5,0\n10,9.6,,0.25,6e-4,nan,5242880\n',
  'iter\tloss\ttok_sec\tmfu\n0\t10.9\t81920\t0.25\n"1"\t"9.6"\t81920\t0.25\n',
];

const mutatePacked = mutateGzip(mutateLines);

const mutate: Mutate = (input, choice, others) =>
  (input[0] === 0x1f ? mutatePacked : mutateLines)(input, choice, others);

export const target = fileTarget({
  name: 'logs',
  fileName: 'main.log',
  share: 2,
  seeds: () => [...LOGS, ...LOGS.map((log) => gzipSync(log))],
  mutate,
  async read(path) {
    for (const run of await readRuns([path], 524_288)) summaryOf(run);
  },
});
