import { describe, expect, it } from 'vitest';
import { tokenizeUnits } from '#minillm/data/build/tokenize-units.js';
import { documentCorpus } from '#minillm/data/documents/document-units.js';

/** One document, no word of which a thread has seen before. */
async function* longDocument(words: number) {
  const text = Array.from({ length: words }, (_, i) => (i * 2_654_435_761).toString(36)).join(' ');
  yield { text, startsDocument: true, bytes: text.length };
}

async function tokenize(words: number, signal: AbortSignal): Promise<number> {
  const corpus = documentCorpus({ source: 'a test', documents: longDocument(words) });
  let tokens = 0;
  for await (const unit of tokenizeUnits(corpus, { file: 0, unit: 0 }, 1, signal)) tokens += unit.tokens.length;
  return tokens;
}

describe('units on several threads', () => {
  it('end with the reason of the signal, in the middle of a unit', async () => {
    const words = 200_000;
    const started = performance.now();
    expect(await tokenize(words, new AbortController().signal)).toBeGreaterThan(words);
    const undisturbed = performance.now() - started;
    const abort = new AbortController();
    const reason = new Error('enough');
    // ten times the words take several times as long, also once the code is warm
    const stopped = tokenize(10 * words, abort.signal);
    let abortedAt = 0;
    setTimeout(() => {
      abortedAt = performance.now();
      abort.abort(reason);
    }, undisturbed);
    await expect(stopped).rejects.toBe(reason);
    expect(performance.now() - abortedAt).toBeLessThan(undisturbed);
  });
});
