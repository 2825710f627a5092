/** @file `moves.json` of a build whose shards are complete: they are moved into the folder, and nowhere else. */

import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { moveIntoPlace } from '#minillm/data/sharding/finish-dataset.js';
import { fileTarget } from '../file-target.ts';
import { mutateJson } from '../mutate/json.ts';
import { FuzzFailure } from '../target.ts';
import { DESCRIPTION, writeShards } from './dataset.ts';

const BUILD = 'data/.building';

export const target = fileTarget({
  name: 'moves',
  fileName: `${BUILD}/moves.json`,
  seeds: () => {
    const moves = DESCRIPTION.shards.map(({ name }, index) => ({ from: `stream_${index}.bin`, to: name }));
    return [JSON.stringify({ description: DESCRIPTION, moves })];
  },
  mutate: mutateJson,
  async prepare(folder) {
    await mkdir(join(folder, BUILD), { recursive: true });
  },
  async read(path, folder) {
    const work = dirname(path);
    await writeShards(work);
    try {
      await moveIntoPlace(work, dirname(work));
      const strangers = (await readdir(folder)).filter((name) => name !== 'data');
      if (strangers.length > 0) throw new FuzzFailure(`moved out of the folder: ${strangers.join(', ')}`);
    } finally {
      for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
      await mkdir(work, { recursive: true });
    }
  },
});
