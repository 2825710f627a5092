/** @file Documents in compressed JSON lines. */

import { gzipSync } from 'node:zlib';
import { fileTarget } from '../file-target.ts';
import { mutateGzip } from '../mutate/gzip.ts';
import { mutateLines } from '../mutate/lines.ts';
import { readTexts } from '../texts.ts';
import { JSON_LINES } from './jsonl.ts';

export const target = fileTarget({
  name: 'jsonl-gzip',
  fileName: 'documents.jsonl.gz',
  share: 0.5,
  seeds: () => [gzipSync(JSON_LINES)],
  mutate: mutateGzip(mutateLines),
  read: (path) => readTexts(path),
});
