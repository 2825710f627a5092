/** @file The thread that tokenises: the work of a unit comes in, its tokens go out, in the same order. */
import { parentPort } from 'node:worker_threads';
import type { DocumentPart } from '../documents/documents.ts';
import { readRowTexts } from '../documents/parquet-rows.ts';
import { encode } from '../tokenizer/tokenizer.ts';
import { END_OF_TEXT } from '../vocabulary.ts';
import type { UnitWork } from './corpus.ts';
import { NO_PROBLEMS, type Problems } from './problems.ts';

/** What became of a unit's work. */
export interface TokenizedWork {
  readonly tokens: Uint16Array<ArrayBuffer>;
  readonly problems: Problems;
}

/** Gathers the tokens of texts, `<|endoftext|>` before each document. */
function tokensOf(parts: readonly Omit<DocumentPart, 'bytes'>[]): Uint16Array<ArrayBuffer> {
  const encoded = parts.map((part) => encode(part.text));
  const count = parts.reduce((sum, part, i) => sum + encoded[i]!.length + (part.startsDocument ? 1 : 0), 0);
  const tokens = new Uint16Array(count);
  let position = 0;
  for (const [i, ids] of encoded.entries()) {
    if (parts[i]!.startsDocument) tokens[position++] = END_OF_TEXT;
    tokens.set(ids, position);
    position += ids.length;
  }
  return tokens;
}

async function tokenize(work: UnitWork): Promise<TokenizedWork> {
  if (work.kind === 'documents') return { tokens: tokensOf(work.parts), problems: NO_PROBLEMS };
  const { texts, problems } = await readRowTexts(work.source);
  const parts = texts.map((bytes) => ({
    text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(),
    startsDocument: true,
  }));
  return { tokens: tokensOf(parts), problems };
}

/** Answers in the order of the messages, although reading is asynchronous. */
let previous: Promise<void> = Promise.resolve();
parentPort?.on('message', (work: UnitWork) => {
  previous = previous.then(async () => {
    const tokenized = await tokenize(work);
    parentPort?.postMessage(tokenized, [tokenized.tokens.buffer]);
  });
});
