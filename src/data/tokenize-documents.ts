/** @file Documents to tokens on several threads. The tokens come in the order of the documents, however many threads. */
import { Worker } from 'node:worker_threads';
import type { DocumentPart } from './documents.ts';

/** Characters of text a thread is handed at once. */
const BATCH_LENGTH = 1 << 20;
const BATCHES_IN_FLIGHT_PER_WORKER = 2;

/** What became of some documents in a row. */
export interface TokenizedBatch {
  readonly tokens: Uint16Array;
  /** Documents that begin in the batch. */
  readonly documents: number;
  /** Bytes of input they were read from. */
  readonly bytes: number;
}

async function* inBatches(parts: AsyncIterable<DocumentPart>): AsyncGenerator<DocumentPart[]> {
  let batch: DocumentPart[] = [];
  let length = 0;
  for await (const part of parts) {
    batch.push(part);
    length += part.text.length;
    if (length >= BATCH_LENGTH) {
      yield batch;
      batch = [];
      length = 0;
    }
  }
  if (batch.length > 0) yield batch;
}

/** A thread that answers messages in the order they came. */
class TokenizeThread {
  readonly #worker = new Worker(new URL('./tokenize-worker.js', import.meta.url));
  readonly #waiting: { resolve: (tokens: Uint16Array) => void; reject: (cause: Error) => void }[] = [];
  #failure: Error | undefined;

  constructor() {
    this.#worker.on('message', (tokens: Uint16Array) => this.#waiting.shift()?.resolve(tokens));
    this.#worker.on('error', (cause: Error) => this.#fail(cause));
    this.#worker.on('exit', (code) => this.#fail(new Error(`the tokenising thread ended with code ${code}`)));
  }

  #fail(cause: Error): void {
    this.#failure ??= cause;
    for (const { reject } of this.#waiting.splice(0)) reject(cause);
  }

  async tokenize(parts: readonly DocumentPart[]): Promise<TokenizedBatch> {
    if (this.#failure !== undefined) throw this.#failure;
    const tokens = await new Promise<Uint16Array>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(parts);
    });
    let documents = 0;
    let bytes = 0;
    for (const part of parts) {
      bytes += part.bytes;
      if (part.startsDocument) documents++;
    }
    return { tokens, documents, bytes };
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

/**
 * The GPT-2 tokens of documents, `<|endoftext|>` before each, in batches of about a million characters. At most two
 * batches a thread are in memory.
 * @param workers how many threads tokenise; the calling thread reads the documents.
 */
export async function* tokenizeDocuments(
  parts: AsyncIterable<DocumentPart>,
  workers: number,
): AsyncGenerator<TokenizedBatch> {
  const threads = Array.from({ length: workers }, () => new TokenizeThread());
  try {
    const inFlight: Promise<TokenizedBatch>[] = [];
    let batches = 0;
    for await (const batch of inBatches(parts)) {
      const tokenized = threads[batches++ % workers]!.tokenize(batch);
      // awaited in its turn; until then a failure must not count as unhandled
      tokenized.catch(() => {});
      inFlight.push(tokenized);
      if (inFlight.length >= workers * BATCHES_IN_FLIGHT_PER_WORKER) yield await inFlight.shift()!;
    }
    for (const tokenized of inFlight) yield await tokenized;
  } finally {
    await Promise.all(threads.map((thread) => thread.stop()));
  }
}
