/** @file HellaSwag's examples. */

import { readHellaswag } from '#minillm/eval/hellaswag-examples.js';
import { fileTarget } from '../file-target.ts';
import { mutateLines } from '../mutate/lines.ts';

const example = (label: number) => ({
  ind: label,
  activity_label: 'Removing ice',
  ctx: 'A man is on a roof. He',
  label,
  endings: ['is using wrap.', 'is “ripping” tiles off.', 'is holding a cube.', 'starts pulling up roofing.'],
});

export const HELLASWAG = [0, 1, 2, 3].map((label) => `${JSON.stringify(example(label))}\n`).join('');

export const target = fileTarget({
  name: 'hellaswag',
  fileName: 'hellaswag_val.jsonl',
  seeds: () => [HELLASWAG],
  mutate: mutateLines,
  async read(path) {
    await readHellaswag(path);
  },
});
