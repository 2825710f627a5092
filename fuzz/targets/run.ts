/** @file `run.json` of a run folder, as lists of runs and the dashboard show it. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recordedInformation } from '#minillm/app/server/dashboard/run-information.js';
import { listRuns } from '#minillm/report/sources/run-list.js';
import { readRunFacts } from '#minillm/runs/run-facts.js';
import { UserError } from '#minillm/support/errors.js';
import { fileTarget } from '../file-target.ts';
import { mutateJson } from '../mutate/json.ts';
import { FACTS, METRICS } from '../small-run.ts';

export const target = fileTarget({
  name: 'run',
  fileName: 'run.json',
  seeds: () => [FACTS],
  mutate: mutateJson,
  prepare: (folder) => writeFile(join(folder, 'metrics.jsonl'), METRICS),
  async read(_, folder) {
    await recordedInformation(folder);
    await listRuns([folder]);
    if ((await readRunFacts(folder)) === undefined) throw new UserError('passed over');
  },
});
