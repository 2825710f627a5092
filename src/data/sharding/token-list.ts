/** @file Texts as tokens, gathered. */

import { END_OF_TEXT } from '../../support/gpt2-vocabulary.ts';
import { encode } from '../tokenizer/tokenizer.ts';

/** The tokens of texts, one after another, `<|endoftext|>` before each document. */
export class TokenList {
  #tokens = new Uint16Array(1 << 16);
  #count = 0;

  add(text: string, startsDocument: boolean): void {
    const ids = encode(text);
    const count = this.#count + Number(startsDocument) + ids.length;
    if (count > this.#tokens.length) {
      const larger = new Uint16Array(Math.max(count, 2 * this.#tokens.length));
      larger.set(this.#tokens.subarray(0, this.#count));
      this.#tokens = larger;
    }
    if (startsDocument) this.#tokens[this.#count] = END_OF_TEXT;
    this.#tokens.set(ids, count - ids.length);
    this.#count = count;
  }

  take(): Uint16Array<ArrayBuffer> {
    return this.#tokens.slice(0, this.#count);
  }
}
