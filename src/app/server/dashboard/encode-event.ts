/** @file Encodes a Server-Sent Event without its id, which differs from page to page. */

import type { RunProblem, RunStatus, RunUpdate } from '../../dashboard-stream.ts';

/** The data of each event, by its name. */
interface Events {
  readonly runs: readonly RunStatus[];
  readonly update: RunUpdate;
  readonly problem: RunProblem;
}

export function encodeEvent<Name extends keyof Events>(name: Name, data: Events[Name]): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n`);
}
