/**
 * @file GPT-2 tokenising of real text, `--texts FILE` (.jsonl, .jsonl.gz or plain), on `--threads` worker threads: documents go
 * out in batches, ids come back. Each run takes documents that no run took before, as tokenising a corpus does; the first is
 * not timed. Peer: peers/tokenise.py.
 *
 *   node dist-bench/tokenize.js --texts fineweb-docs.jsonl.gz --threads 2
 */

import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { report } from './report.ts';

/** Characters of a batch, as in the peer. */
const BATCH_LENGTH = 1 << 18;
const BATCHES_IN_FLIGHT = 2;

async function answerBatches(): Promise<void> {
  const { encode } = await import('#minillm/data/tokenizer/tokenizer.js');
  parentPort?.on('message', (texts: readonly string[]) => {
    const ids = texts.map(encode);
    parentPort?.postMessage(
      ids,
      ids.map((each) => each.buffer as ArrayBuffer),
    );
  });
}

function inBatches(texts: readonly string[]): string[][] {
  const batches: string[][] = [[]];
  let length = 0;
  for (const text of texts) {
    if (length >= BATCH_LENGTH) {
      batches.push([]);
      length = 0;
    }
    batches.at(-1)?.push(text);
    length += text.length;
  }
  return batches;
}

/** Hands the batches out as threads become free; returns the count of ids. */
async function tokenize(workers: readonly Worker[], texts: readonly string[]): Promise<number> {
  const batches = inBatches(texts).values();
  let tokens = 0;
  const work = workers.map(
    (worker) =>
      new Promise<void>((resolve, reject) => {
        let inFlight = 0;
        const send = (): void => {
          const { value: batch } = batches.next();
          if (batch) {
            inFlight++;
            worker.postMessage(batch);
          } else if (inFlight === 0) {
            worker.removeAllListeners();
            resolve();
          }
        };
        worker.on('error', reject).on('message', (ids: readonly Uint16Array[]) => {
          inFlight--;
          for (const each of ids) tokens += each.length;
          send();
        });
        for (let i = 0; i < BATCHES_IN_FLIGHT; i++) send();
      }),
  );
  await Promise.all(work);
  return tokens;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      texts: { type: 'string', default: '' },
      threads: { type: 'string', default: '2' },
      runs: { type: 'string', default: '3' },
    },
  });
  const { readDocuments } = await import('#minillm/data/documents/documents.js');
  const texts: string[] = [];
  for await (const { text } of readDocuments([values.texts])) texts.push(text);
  const runs = Number(values.runs);
  const workers = Array.from({ length: Number(values.threads) }, () => new Worker(new URL(import.meta.url)));
  const rates: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const share = texts.filter((_, i) => i % (runs + 1) === run);
    const start = performance.now();
    const tokens = await tokenize(workers, share);
    if (run > 0) rates.push(tokens / 1e6 / ((performance.now() - start) / 1000));
  }
  report(rates, 'Mtok/s');
  await Promise.all(workers.map((worker) => worker.terminate()));
}

await (isMainThread ? main() : answerBatches());
