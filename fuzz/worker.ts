/** @file The process that reads inputs; started by worker-process.ts. A batch of indices comes in, what became of it goes out. */

import { readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { UserError } from '#minillm/support/errors.js';
import { makeInput } from './input.ts';
import { type Progress, ProgressFile } from './progress.ts';
import { FuzzFailure, type Target } from './target.ts';
import { type Batch, OVER_MEMORY, type WorkerMessage, type WorkerOrder } from './worker-order.ts';

const order = JSON.parse(process.argv[2] ?? '') as WorkerOrder;
const { target } = (await import(order.target)) as { target: Target };
const seeds = await target.seeds();
const opened = await target.open(order.folder);
const progress = new ProgressFile(order.progressPath);

/** Returns once the message is on its way, so that nothing is lost when the process is killed afterwards. */
function report(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
}

async function work({ from, to }: Batch): Promise<void> {
  let state: Progress = { index: from, accepted: 0, refused: 0, slowestMilliseconds: 0, slowestIndex: from };
  for (let index = from; index < to; index++) {
    state = { ...state, index };
    progress.write(state);
    const input = makeInput(target, seeds, order.seed, index);
    const before = process.cpuUsage();
    const problem = await findProblem(input);
    const { user, system } = process.cpuUsage(before);
    const milliseconds = (user + system) / 1000;
    if (milliseconds > state.slowestMilliseconds)
      state = { ...state, slowestMilliseconds: milliseconds, slowestIndex: index };
    if (problem === undefined) state = { ...state, accepted: state.accepted + 1 };
    else if (problem.isRefusal) state = { ...state, refused: state.refused + 1 };
    const reason =
      index < seeds.length && problem?.isRefusal ? `a valid input was refused: ${problem.said}` : undefined;
    const failure = reason ?? (problem?.isRefusal ? undefined : problem?.said);
    if (failure !== undefined) await report({ kind: 'failure', index, reason: failure });
    const peakBytes = 1024 * process.resourceUsage().maxRSS;
    if (peakBytes > order.memoryBytes) {
      await report({ kind: 'failure', index, reason: `over memory: ${Math.round(peakBytes / 1e6)} MB` });
      process.exit(OVER_MEMORY);
    }
  }
  progress.write({ ...state, index: to });
  // what waits for the event loop to close it is let go first
  await nextTurn();
  globalThis.gc?.();
  await nextTurn();
  const own = { residentBytes: process.memoryUsage.rss(), peakBytes: 1024 * process.resourceUsage().maxRSS };
  const { residentBytes, peakBytes } = opened.memory?.() ?? own;
  await report({ kind: 'done', residentBytes, peakBytes, openFiles: openFiles() });
}

/** Why an input was not accepted; undefined when it was. */
async function findProblem(input: Buffer): Promise<{ readonly isRefusal: boolean; readonly said: string } | undefined> {
  try {
    await opened.run(input);
    return undefined;
  } catch (cause) {
    if (cause instanceof FuzzFailure) return { isRefusal: false, said: cause.message };
    if (!(cause instanceof UserError)) return { isRefusal: false, said: `defect: ${inOneLine(cause)}` };
    const { message } = cause;
    if (/\n\s+at /.test(message)) return { isRefusal: false, said: `a stack trace in a message: ${message}` };
    return { isRefusal: true, said: message };
  }
}

/** An error with the first places of its stack. */
function inOneLine(cause: unknown): string {
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return text.split('\n').slice(0, 4).join(' | ').slice(0, 1000);
}

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

let previous: Promise<void> = Promise.resolve();
process.on('message', (batch: Batch) => {
  previous = previous.then(() => work(batch));
});
// what the target has started ends with this process
process.on('disconnect', () => process.exit());
process.on('SIGTERM', () => process.exit());
await report({ kind: 'ready', seeds: seeds.length });
