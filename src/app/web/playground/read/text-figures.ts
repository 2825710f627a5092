/** @file How well a model predicts a text, in the units people use. */

import { meanLoss, type Token } from '../tokens/token.ts';

export interface TextFigures {
  /** Nats per predicted token. */
  readonly loss: number;
  /** As uncertain as a choice among so many tokens. */
  readonly perplexity: number;
  /** Bits of information per byte of text: what the text would take if the model compressed it. */
  readonly bitsPerByte: number;
}

/** Undefined for a text of fewer than two tokens: nothing predicts the first, so its bytes do not count. */
export function textFigures(tokens: readonly Token[]): TextFigures | undefined {
  const loss = meanLoss(tokens);
  return loss === undefined ? undefined : figuresOf(loss, tokens);
}

/** The figures of a model that has this loss on the text. */
export function figuresOf(loss: number, tokens: readonly Token[]): TextFigures {
  const predicted = tokens.filter(({ logprob }) => logprob !== null);
  const first = tokens.length - predicted.length;
  const bytes = new TextEncoder().encode(
    tokens
      .slice(first)
      .map(({ text }) => text)
      .join(''),
  ).length;
  const bits = (loss * predicted.length) / Math.LN2;
  return { loss, perplexity: Math.exp(loss), bitsPerByte: bytes === 0 ? 0 : bits / bytes };
}
