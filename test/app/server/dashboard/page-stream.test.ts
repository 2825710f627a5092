import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { STALLED_SECONDS } from '#minillm/app/server/dashboard/limits.js';
import { streamToPage } from '#minillm/app/server/dashboard/page-stream.js';
import { Watch } from '#minillm/app/server/dashboard/watch.js';
import { MetricsLog } from '#minillm/runs/metrics.js';
import { trained } from '../../../runs/trained.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** An answer whose client takes nothing of it. */
class Untaken extends EventEmitter {
  destroyed = false;
  readonly written: string[] = [];

  writeHead(): this {
    return this;
  }

  flushHeaders(): void {}

  write(piece: string | Buffer): boolean {
    this.written.push(String(piece));
    return false;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('one event waits for a page that takes nothing, until it is dropped', async () => {
  const folder = temporaryFolder();
  const log = await MetricsLog.open(folder, 0);
  log.append(trained(0));
  log.close();
  const watch = new Watch({ folders: [folder], information: new Map() });
  const response = new Untaken();
  const told = streamToPage(response as unknown as ServerResponse, watch, '');
  await watch.nextLook();
  await watch.nextLook();
  expect(response.written.map((piece) => /^event: \w+|^id/.exec(piece)?.[0])).toEqual(['event: runs', 'id']);
  await vi.advanceTimersByTimeAsync(1000 * STALLED_SECONDS - 1);
  expect(response.destroyed).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(response.destroyed).toBe(true);
  await told;
});
