/** @file The dashboard's server over a run that is there and one that is damaged. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { httpTarget } from '../http/http-target.ts';
import { FACTS, METRICS } from '../small-run.ts';

const get = (path: string, ...headers: readonly string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, '', ''].join('\r\n');

export const target = httpTarget({
  name: 'dashboard',
  async prepare(folder) {
    const [good, damaged] = [join(folder, 'good'), join(folder, 'damaged')];
    for (const run of [good, damaged]) {
      await mkdir(run);
      await writeFile(join(run, 'run.json'), FACTS);
    }
    await writeFile(join(good, 'metrics.jsonl'), METRICS);
    await writeFile(join(damaged, 'metrics.jsonl'), `${METRICS}{"kind":\n${METRICS}`);
    return ['dashboard', good, damaged, '--port', '0'];
  },
  requests: [
    get('/'),
    get('/app/events'),
    get('/app/events?from=0-0,0-0'),
    get('/app/events', 'Last-Event-ID: 10-abc,20-def', 'Accept: text/event-stream'),
  ],
  constant: (body) => body,
});
