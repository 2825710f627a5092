/** @file A thread of the team as a worker of Node. */

import { parentPort } from 'node:worker_threads';
import { thread } from './thread.ts';

parentPort?.on(
  'message',
  thread((answer) => parentPort?.postMessage(answer)),
);
