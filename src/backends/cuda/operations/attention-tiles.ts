/**
 * @file The blocks of the attention kernels. Each kernel is compiled for a few widths of a head's rows, of which the next larger
 * one is taken; what is missing counts as zeros.
 */

import type { Node } from '../../../engine/graph.ts';
import { input } from '../../../engine/operation.ts';
import { UserError } from '../../../support/errors.ts';
import { bytesOf, isBfloat16 } from './steps.ts';

const WIDTHS = [32, 64, 128];

/** How the kernels of a node divide its heads. */
export interface Tiles {
  readonly heads: number;
  readonly headSize: number;
  /** Elements of a row in shared memory. */
  readonly width: number;
  readonly threads: number;
  /** Rows of a block in training: with more, the registers would not hold wide heads. */
  readonly rows: number;
  readonly isBfloat16: boolean;
}

/** @throws UserError for heads that are too large. */
export function tilesOf(node: Node): Tiles {
  const { heads = 0, headSize = 0 } = node.op.sizes?.(node) ?? {};
  const width = WIDTHS.find((each) => headSize <= each);
  if (!width)
    throw new UserError(
      `expected heads of at most ${WIDTHS.at(-1)} channels on a GPU, found ${headSize}; give the model more heads, or compute on a CPU`,
    );
  const sizes = { heads, headSize, width };
  return isBfloat16(input(node))
    ? { ...sizes, threads: 128, rows: width <= 64 ? 128 : 64, isBfloat16: true }
    : { ...sizes, threads: 256, rows: 64, isBfloat16: false };
}

/** Keys that a forward kernel takes at a time. */
const KEYS = 64;

/** Bytes of `rows` rows of fp32 in shared memory: each is four numbers longer, so that rows begin in different banks. */
export const paddedBytes = (rows: number, width: number): number => bytesOf(rows * (width + 4), 'float32');

/** Shared memory of `attend_block` (kernels/attention_forward_*.h) for blocks of `rows` queries. */
export function forwardSharedBytes({ width, isBfloat16 }: Tiles, rows: number): number {
  /* Queries, and two stages of keys and values. */
  if (isBfloat16) return bytesOf((rows + 4 * KEYS) * width, 'bfloat16');
  /* Queries, keys or values, weights. */
  return paddedBytes(rows + KEYS, width) + paddedBytes(rows, KEYS);
}
