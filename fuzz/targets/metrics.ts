/** @file `metrics.jsonl` of a run folder: read whole, followed, listed and summed up. */

import { RunHistory } from '#minillm/app/server/dashboard/run-history.js';
import { summaryOf } from '#minillm/report/series/summary.js';
import { readRuns } from '#minillm/report/sources/read-run.js';
import { MetricsFollower } from '#minillm/runs/follow-metrics.js';
import { fileTarget } from '../file-target.ts';
import { mutateLines } from '../mutate/lines.ts';
import { METRICS } from '../small-run.ts';

export const target = fileTarget({
  name: 'metrics',
  fileName: 'metrics.jsonl',
  seeds: () => [METRICS],
  mutate: mutateLines,
  async read(_, folder) {
    for (const run of await readRuns([folder], undefined)) summaryOf(run);
    const follower = new MetricsFollower(folder);
    const history = new RunHistory(0);
    for (let change = await follower.next(); change; change = await follower.next()) history.add(change.lines);
    let event = history.eventAfter(undefined);
    while (event) event = history.eventAfter(event.position);
  },
});
