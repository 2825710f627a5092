/**
 * @file Bits per byte: a model's loss per byte of text rather than per token, so that models with different tokenizers
 * can be compared (Gao et al. 2020, The Pile, §3.1).
 */

import { IGNORED_TARGET } from '../data/batches/evaluation-batches.ts';
import type { Batch } from '../data/batches/windows.ts';
import { byteLengthOf } from '../data/tokenizer/tokenizer.ts';

/** Bytes of text that the targets of the batches stand for. */
export function targetBytes(batches: Iterable<Batch>): number {
  let bytes = 0;
  for (const { targets } of batches) for (const id of targets) if (id !== IGNORED_TARGET) bytes += byteLengthOf(id);
  return bytes;
}

/**
 * The code length of the text in bits over its bytes. Predicting where documents end is part of it.
 * @param loss nats a token
 */
export function bitsPerByte(loss: number, tokens: number, bytes: number): number {
  return (loss * tokens) / Math.LN2 / bytes;
}
