/**
 * @file `minillm serve` of an untrained `tiny` model, or of the folder `--input`, before `--batch` clients for `--length`
 * seconds: what they get, how fast they are refused, how soon `/health` answers meanwhile, and what memory the server gains.
 * Anything that must not happen is an error.
 */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { workArguments } from '../arguments.ts';
import { reportParts } from '../report.ts';
import { ServedModel } from '../served.ts';
import { runCrowd } from './crowd.ts';

const SAMPLE_MILLISECONDS = 250;
/** The part of the time after which the server has all the memory that it needs. */
const WARM_SHARE = 1 / 3;

const { batch, length, precision, threads, input } = workArguments();
const flags = ['--checkpoint', input || 'untrained:tiny', '--no-compare', '--precision', precision];
const server = await ServedModel.start([...flags, '--threads', `${threads}`]);
const health = new Worker(new URL('./health.js', import.meta.url), { workerData: server.url });
const residentBytes: number[] = [];
const sampling = setInterval(() => residentBytes.push(server.residentBytes), SAMPLE_MILLISECONDS);
try {
  const start = performance.now();
  const isContent = (): boolean => performance.now() - start > 1000 * length;
  const crowd = await runCrowd(server.url, { clients: batch, isContent });
  const seconds = (performance.now() - start) / 1000;
  clearInterval(sampling);
  const answered = once(health, 'message');
  health.postMessage('stop');
  const [milliseconds] = (await answered) as [number[]];
  if (server.hasEnded) throw new Error(`the server has ended: ${server.complaints}`);
  if (server.complaints) throw new Error(`the server complains: ${server.complaints}`);
  const { answers, pieces, left, refused, refusalMilliseconds, problems } = crowd;
  if (problems.length > 0) throw new Error(`${problems.length} clients saw what they must not: ${problems[0]}`);
  const warm = Math.floor(WARM_SHARE * residentBytes.length);
  const before = Math.max(...residentBytes.slice(0, warm));
  const after = Math.max(...residentBytes.slice(warm));
  const all = answers.reduce((sum, each) => sum + each, 0);
  reportParts(
    [
      { part: 'answers', value: all / seconds, unit: '/s' },
      { part: 'tokens of streams', value: pieces / seconds, unit: 'tok/s' },
      { part: 'refusals', value: refused / seconds, unit: '/s' },
      { part: 'clients that left', value: left / seconds, unit: '/s' },
      { part: 'refusal, p99', value: quantile(refusalMilliseconds, 0.99), unit: 'ms' },
      { part: '/health, median', value: quantile(milliseconds, 0.5), unit: 'ms' },
      { part: '/health, p99', value: quantile(milliseconds, 0.99), unit: 'ms' },
      { part: 'memory gained after a third of the time', value: Math.max(0, after - before) / 1e6, unit: 'MB' },
    ],
    after,
  );
} finally {
  clearInterval(sampling);
  await health.terminate();
  await server.stop();
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
}
