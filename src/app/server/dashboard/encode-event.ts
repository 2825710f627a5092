/** @file A Server-Sent Event up to its id, which is not the same for every page. */

import type { RunProblem, RunUpdate, ToldRun } from '../../dashboard-stream.ts';

/** What events there are, by name. */
interface Events {
  readonly runs: readonly ToldRun[];
  readonly update: RunUpdate;
  readonly problem: RunProblem;
}

export function encodeEvent<Name extends keyof Events>(name: Name, data: Events[Name]): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n`);
}
