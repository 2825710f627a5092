/** @file The thread that tokenises: a message of document parts comes in, their tokens go out, in the same order. */
import { parentPort } from 'node:worker_threads';
import type { DocumentPart } from './documents.ts';
import { encode } from './tokenizer.ts';
import { END_OF_TEXT } from './vocabulary.ts';

function tokenize(parts: readonly DocumentPart[]): Uint16Array<ArrayBuffer> {
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

parentPort?.on('message', (parts: readonly DocumentPart[]) => {
  const tokens = tokenize(parts);
  parentPort?.postMessage(tokens, [tokens.buffer]);
});
