import type { Graph } from '#minillm/engine/graph.js';
import { attention } from '#minillm/engine/ops/attention.js';
import { describeOp, type OpTest } from '../describe-op.ts';
import { backpropagate, type Extents } from '../op-harness.ts';
import * as reference from '../reference/attention.ts';
import { activations } from '../values.ts';

interface Shape {
  readonly compiled: Extents;
  readonly active?: Extents;
  readonly H: number;
  readonly D: number;
  /** Standard deviation of q, k and v: large ones make the softmax all but one-hot. */
  readonly std?: number;
  /** Whether every other key is the one before it again, so that the highest score of most rows is there twice. */
  readonly twins?: boolean;
}

const SHAPES: readonly Shape[] = [
  { compiled: { batch: 1, length: 1 }, H: 1, D: 8 },
  { compiled: { batch: 1, length: 3 }, H: 5, D: 8 },
  { compiled: { batch: 2, length: 7 }, H: 2, D: 40 },
  { compiled: { batch: 1, length: 50 }, H: 3, D: 64, std: 4 },
  { compiled: { batch: 1, length: 63 }, H: 1, D: 24 },
  { compiled: { batch: 1, length: 70 }, H: 3, D: 64, std: 6, twins: true },
  { compiled: { batch: 2, length: 33 }, H: 1, D: 128, twins: true },
  { compiled: { batch: 2, length: 64 }, H: 1, D: 8 },
  { compiled: { batch: 1, length: 65 }, H: 2, D: 40 },
  { compiled: { batch: 1, length: 130 }, H: 1, D: 128 },
  { compiled: { batch: 3, length: 128 }, active: { batch: 2, length: 71 }, H: 2, D: 64 },
  { compiled: { batch: 4, length: 32 }, active: { batch: 3, length: 1 }, H: 2, D: 16 },
];

/** Makes the keys of rows 1, 3, 5, … those of the rows before them. */
function repeatKeys(qkv: Float64Array, C: number): void {
  for (let row = 3 * C; row + 3 * C <= qkv.length; row += 6 * C) qkv.copyWithin(row + C, row - 2 * C, row - C);
}

function attentionTest({ compiled, active = compiled, H, D, std = 1, twins = false }: Shape): OpTest {
  const { batch: B, length: T } = active;
  const C = H * D;
  return {
    title: `B ${B} of ${compiled.batch}, T ${T} of ${compiled.length}, H ${H}, D ${D}, deviation ${std}${twins ? ', each key twice' : ''}`,
    make: (precision) => {
      const qkv = activations(precision, B * T * 3 * C, 'qkv', std);
      if (twins) repeatKeys(qkv, C);
      const dout = activations(precision, B * T * C, 'dout');
      const trace = (graph: Graph) => {
        const input = (name: string, width: number) =>
          graph.input(name, [graph.batch, graph.length, width], graph.activationType);
        const out = attention(input('qkv', 3 * C), { heads: H });
        const [dqkv] = backpropagate(graph, [input('dout', C)]);
        return { out, dqkv };
      };
      return {
        op: { compiled, active, trace, values: { qkv, dout } },
        expected: () => ({
          outputs: { out: reference.attention(qkv, { B, T, H, D }) },
          inputGradients: { dqkv: reference.attentionBackward(qkv, dout, { B, T, H, D }) },
        }),
      };
    },
  };
}

describeOp(SHAPES.map(attentionTest));
