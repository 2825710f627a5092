/** @file A thread that asks `/health` again and again until it is told to stop, and then says how long each answer took. */

import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

const PAUSE_MILLISECONDS = 20;

const url = new URL('health', workerData as string);
const agent = new Agent({ keepAlive: true });
const milliseconds: number[] = [];
let isOver = false;
parentPort?.once('message', () => {
  isOver = true;
});
while (!isOver) {
  const start = performance.now();
  await new Promise<void>((resolve, reject) => {
    const asked = get(url, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`/health answered ${response.statusCode}`));
      response.resume().once('end', resolve);
    });
    asked.once('error', reject);
  });
  milliseconds.push(performance.now() - start);
  await sleep(PAUSE_MILLISECONDS);
}
agent.destroy();
parentPort?.postMessage(milliseconds);
