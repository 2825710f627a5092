/** @file Documents in JSON lines: bad lines refused, then passed over. */

import { fileTarget } from '../file-target.ts';
import { mutateLines } from '../mutate/lines.ts';
import { readTexts } from '../texts.ts';

const LINES = [
  '{"text":"one \\u00e9 \\"two\\"","id":1}',
  '',
  '{"id":2,"text":"naïve 日本 🙂"}',
  '{"text":""}',
  '{"text":"end"}',
];

export const JSON_LINES = LINES.join('\n');

export const target = fileTarget({
  name: 'jsonl',
  fileName: 'documents.jsonl',
  seeds: () => [JSON_LINES],
  mutate: mutateLines,
  async read(path) {
    await readTexts(path, { onBadLine: () => {} });
    await readTexts(path);
  },
});
