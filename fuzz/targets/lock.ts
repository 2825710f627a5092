/** @file A lock file, asked who holds it. */

import { UserError } from '#minillm/support/errors.js';
import { lockHolder } from '#minillm/support/process-lock.js';
import { fileTarget } from '../file-target.ts';
import { mutateJson } from '../mutate/json.ts';

export const target = fileTarget({
  name: 'lock',
  fileName: 'trainer.lock',
  seeds: () => [
    JSON.stringify({ pid: 1, host: 'another', startTime: '12' }),
    JSON.stringify({ pid: 4321, host: 'node-9', startTime: null }),
  ],
  mutate: mutateJson,
  async read(path) {
    if (lockHolder(path) === undefined) throw new UserError('nobody holds it');
  },
});
