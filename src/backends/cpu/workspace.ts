/**
 * @file The scratch memory that kernels need besides their tensors, and the sizes that go with it: how much of a node's
 * work exists at once. Neither depends on the number of threads, so the results do not either.
 */

import type { Node } from '../../engine/graph.ts';
import { input, type NamedNumbers, output } from '../../engine/operation.ts';
import { BYTES_PER_ELEMENT, elements, extent, type TensorSpec } from '../../engine/tensor.ts';

interface Workspace {
  readonly bytes: number;
  /** The size arguments that go with it. */
  readonly sizes: NamedNumbers;
}

const FLOAT = BYTES_PER_ELEMENT.float32;

/** Rows whose logits exist at once: enough that a slice's product runs at full speed (50257 logits: 103 MB). */
const HEAD_ROWS = 512;
/** The same in evaluation, where the chosen rows are gathered first. */
const SCORING_ROWS = 256;
/** Row blocks whose partial sums are added in order. */
const ROW_BLOCKS = 16;
/** What a logit takes while a token is sampled: two weights, an adjusted copy, an id. */
const SAMPLED_LOGIT_BYTES = 2 * BYTES_PER_ELEMENT.float64 + FLOAT + BYTES_PER_ELEMENT.int32;
/** Elements whose squares are summed in double before the sums are added in order. */
const NORM_CHUNK = 65_536;

/** Workspace of a head's losses, whose logits are float32. */
function lossHead(rowCount: number, vocabularySize: number): Workspace {
  const rows = Math.min(HEAD_ROWS, rowCount);
  return { bytes: rows * vocabularySize * FLOAT, sizes: { sliceRows: rows } };
}

/** The same where rows are chosen: before their logits they are gathered. */
function scoringHead(rowCount: number, vocabularySize: number, x: TensorSpec): Workspace {
  const rows = Math.min(SCORING_ROWS, rowCount);
  const rowBytes = FLOAT * vocabularySize + BYTES_PER_ELEMENT[x.dtype] * extent(x, -1);
  return { bytes: rows * rowBytes, sizes: { sliceRows: rows } };
}

const crossEntropy = (node: Node): Workspace => lossHead(elements(input(node, 2).shape), extent(input(node, 1), 0));

const WORKSPACES: Readonly<Record<string, (node: Node) => Workspace>> = {
  cross_entropy: crossEntropy,
  cross_entropy_with_gradient: crossEntropy,
  frobenius_normalise: (node) => {
    const parts = extent(input(node), 0);
    const chunks = Math.ceil(elements(input(node).shape) / parts / NORM_CHUNK);
    return { bytes: parts * chunks * BYTES_PER_ELEMENT.float64, sizes: { chunk: NORM_CHUNK } };
  },
  layer_norm_backward: (node) => ({
    bytes: ROW_BLOCKS * 2 * extent(output(node), -1) * FLOAT,
    sizes: { blocks: ROW_BLOCKS },
  }),
  log_likelihoods: (node) => scoringHead(elements(input(node, 2).shape), extent(input(node, 1), 0), input(node)),
  newton_schulz_step: (node) => {
    const side = Math.min(extent(input(node), 1), extent(input(node), 2));
    return { bytes: (2 * side ** 2 + side) * FLOAT, sizes: {} };
  },
  // the rows of a quantised token table are padded, which only adds room
  quantised_cross_entropy: (node) => lossHead(elements(input(node, 3).shape), extent(input(node, 1), 0)),
  quantised_log_likelihoods: (node) =>
    scoringHead(elements(input(node, 3).shape), extent(input(node, 1), 0), input(node)),
  sample: (node) => ({
    bytes: elements(input(node).shape) * SAMPLED_LOGIT_BYTES,
    sizes: {},
  }),
  squared_norm: (node) => ({
    bytes: Math.ceil(elements(input(node).shape) / NORM_CHUNK) * BYTES_PER_ELEMENT.float64,
    sizes: { chunk: NORM_CHUNK },
  }),
};

/** The scratch memory of a node's kernel; undefined where it takes none. */
export function workspaceOf(node: Node): Workspace | undefined {
  return WORKSPACES[node.op.name]?.(node);
}
