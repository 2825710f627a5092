/**
 * @file GPT-2 tokenising of real text, `--texts FILE` (.jsonl, .jsonl.gz or plain), on `--threads` threads of the data pipeline:
 * documents go out in batches, ids come back. Each run takes documents that no run took before, as tokenising a corpus does; the
 * first is not timed. Peer: peers/tokenise.py.
 *
 *   node dist-bench/tokenize.js --texts fineweb-docs.jsonl.gz --threads 2
 */

import { parseArgs } from 'node:util';
import { type DocumentPart, readDocuments } from '#minillm/data/documents/documents.js';
import { TokenizeThread } from '#minillm/data/sharding/tokenize-thread.js';
import { report } from './report.ts';

/** Characters of a batch, as in the peer. */
const BATCH_LENGTH = 1 << 18;
/** One a thread works on and one that waits for it. */
const BATCHES_IN_FLIGHT = 2;

/** `<|endoftext|>` is left out: the peer has none. */
async function readTexts(path: string): Promise<DocumentPart[]> {
  const parts: DocumentPart[] = [];
  for await (const part of readDocuments([path])) parts.push({ ...part, startsDocument: false });
  return parts;
}

function inBatches(parts: readonly DocumentPart[]): DocumentPart[][] {
  const batches: DocumentPart[][] = [[]];
  let length = 0;
  for (const part of parts) {
    if (length >= BATCH_LENGTH) {
      batches.push([]);
      length = 0;
    }
    batches.at(-1)?.push(part);
    length += part.text.length;
  }
  return batches;
}

/** Hands the batches out as threads become free; returns the count of ids. */
async function tokenize(threads: readonly TokenizeThread[], share: readonly DocumentPart[]): Promise<number> {
  const batches = inBatches(share).values();
  let count = 0;
  const work = async (thread: TokenizeThread): Promise<void> => {
    for (const parts of batches) {
      const { tokens } = await thread.tokenize({ kind: 'documents', label: 'texts', parts }, 2 * BATCH_LENGTH);
      count += tokens.length;
    }
  };
  const places = Array.from({ length: BATCHES_IN_FLIGHT }, () => threads).flat();
  await Promise.all(places.map(work));
  return count;
}

const { values } = parseArgs({
  options: {
    texts: { type: 'string', default: '' },
    threads: { type: 'string', default: '2' },
    runs: { type: 'string', default: '3' },
  },
});
const parts = await readTexts(values.texts);
const runs = Number(values.runs);
const threads = Array.from({ length: Number(values.threads) }, () => new TokenizeThread());
const rates: number[] = [];
for (let run = 0; run <= runs; run++) {
  const share = parts.filter((_, i) => i % (runs + 1) === run);
  const start = performance.now();
  const count = await tokenize(threads, share);
  if (run > 0) rates.push(count / 1e6 / ((performance.now() - start) / 1000));
}
report(rates, 'Mtok/s');
await Promise.all(threads.map((thread) => thread.stop()));
