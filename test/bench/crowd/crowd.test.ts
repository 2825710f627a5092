/** A small crowd at a real server. `npm run bench -- --only crowd` has a large one for a minute. */

import { expect, onTestFinished, test } from 'vitest';
import { runCrowd } from '../../../bench/crowd/crowd.ts';
import { ServedModel } from '../../../bench/served.ts';

const CLIENTS = 56;
const ANSWERS = 3;

test('each client has its answers while others ask for too much: they are refused in words, and nothing hangs or breaks', async () => {
  const server = await ServedModel.start(['--checkpoint', 'untrained:tiny', '--threads', '1']);
  onTestFinished(() => void server.stop());
  const report = await runCrowd(server.url, { clients: CLIENTS, isContent: (answers) => answers >= ANSWERS });
  expect(report.problems).toEqual([]);
  expect(report.answers).toEqual(Array(0.75 * CLIENTS).fill(ANSWERS));
  expect(report.refused).toBeGreaterThan(0);
  expect(report.left).toBeGreaterThan(0);
  expect(await (await fetch(`${server.url}health`)).json()).toEqual({ status: 'ok' });
  expect(server.complaints).toBe('');
  expect(await server.stop()).toBe(0);
}, 240_000);
