/** @file HellaSwag's examples, compressed. */

import { gzipSync } from 'node:zlib';
import { readHellaswag } from '#minillm/eval/hellaswag-examples.js';
import { fileTarget } from '../file-target.ts';
import { mutateGzip } from '../mutate/gzip.ts';
import { mutateLines } from '../mutate/lines.ts';
import { HELLASWAG } from './hellaswag.ts';

export const target = fileTarget({
  name: 'hellaswag-gzip',
  fileName: 'hellaswag_val.jsonl.gz',
  share: 0.5,
  seeds: () => [gzipSync(HELLASWAG)],
  mutate: mutateGzip(mutateLines),
  async read(path) {
    await readHellaswag(path);
  },
});
