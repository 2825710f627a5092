import { describe, expect, test } from 'vitest';
import { OPERATIONS } from '#minillm/backends/cuda/operations/index.js';
import { Graph, type Node } from '#minillm/engine/graph.js';
import { attention } from '#minillm/engine/ops/attention.js';
import { cachedAttention } from '#minillm/engine/ops/cached-attention.js';
import { segmentAttention } from '#minillm/engine/ops/segment-attention.js';
import type { Precision } from '#minillm/engine/tensor.js';
import { UserError } from '#minillm/support/errors.js';
import { backpropagate } from '../../../engine/op-harness.ts';

/** What any GPU since 2020 gives a block that asks for it, the smallest of them 99 KB. */
const SHARED_BYTES = 99 * 1024;
/** The kernels' own variables beside it. */
const STATIC_BYTES = 1024;

const HEADS = 3;

/** One node of every kind of attention. */
function nodesFor(precision: Precision, headSize: number): Node[] {
  const C = HEADS * headSize;
  const graph = new Graph({ batch: 2, length: 100 }, precision);
  const { batch, length, activationType } = graph;
  const input = (name: string, width: number) => graph.input(name, [batch, length, width], activationType);
  const qkv = input('qkv', 3 * C);
  attention(qkv, { heads: HEADS });
  backpropagate(graph, [input('gradient', C)]);
  segmentAttention(qkv, graph.input('segments', [9, 4], 'int32'), { heads: HEADS });
  cachedAttention(
    qkv,
    {
      positions_BT: graph.input('positions', [batch, length], 'int32'),
      slots_B: graph.input('slots', [batch], 'int32'),
    },
    graph.state('cache', [4, 2, HEADS, 100, headSize], activationType),
  );
  return graph.nodes;
}

const launchesOf = (node: Node) =>
  OPERATIONS[node.op.name]?.steps(node, { batch: 2, length: 100 }).filter((step) => step.kind === 'launch') ?? [];

describe.each(['fp32', 'bf16'] as const)('%s', (precision) => {
  test.each(Array.from({ length: 16 }, (_, index) => 8 * (index + 1)))(
    'blocks for heads of %d fit the shared memory of any GPU',
    (headSize) => {
      const launches = nodesFor(precision, headSize).flatMap(launchesOf);
      expect(launches.length).toBeGreaterThanOrEqual(6);
      for (const { function: name, sharedBytes = 0 } of launches)
        expect(sharedBytes + STATIC_BYTES, name).toBeLessThanOrEqual(SHARED_BYTES);
    },
  );

  test('heads that no kernel holds are refused, with what to do', () => {
    for (const node of nodesFor(precision, 136)) {
      expect(() => launchesOf(node), node.op.name).toThrow(UserError);
      expect(() => launchesOf(node), node.op.name).toThrow(
        'expected heads of at most 128 channels on a GPU, found 136; give the model more heads, or compute on a CPU',
      );
    }
  });
});
