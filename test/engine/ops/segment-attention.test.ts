import { describe, test } from 'vitest';
import type { Graph } from '#minillm/engine/graph.js';
import { segmentAttention } from '#minillm/engine/ops/segment-attention.js';
import { expectSameBits } from '../comparison.ts';
import { describeOp, type OpTest } from '../describe-op.ts';
import { type Device, devices } from '../devices.ts';
import { runOp } from '../op-harness.ts';
import * as reference from '../reference/segment-attention.ts';
import { activations, concatenate } from '../values.ts';

interface Shape {
  readonly title: string;
  readonly segments: readonly reference.Segment[];
  readonly H: number;
  readonly D: number;
}

/** Segments of contexts and continuations with the given numbers of rows, one group after another. */
function groups(...lengths: readonly (readonly number[])[]): reference.Segment[] {
  const segments: reference.Segment[] = [];
  let end = 0;
  for (const [context = 0, ...continuations] of lengths) {
    const start = end;
    segments.push([start, context, 0, 0]);
    end += context;
    for (const rows of continuations) {
      segments.push([end, rows, start, context]);
      end += rows;
    }
  }
  return segments;
}

const SHAPES: readonly Shape[] = [
  { title: 'one segment of one row', segments: groups([1]), H: 1, D: 8 },
  { title: 'a context and four endings', segments: groups([11, 5, 1, 7, 3]), H: 2, D: 40 },
  {
    title: 'contexts of odd and even length',
    segments: groups([3, 2, 9], [4, 6, 6], [1, 1, 1], [31, 12, 14]),
    H: 1,
    D: 64,
  },
  {
    title: 'contexts that end at a block of keys',
    segments: groups([128, 3, 5], [127, 4, 2], [129, 1, 7]),
    H: 1,
    D: 8,
  },
  { title: 'segments longer than a block of queries', segments: groups([70, 140, 131, 2]), H: 3, D: 16 },
  { title: 'a long context, wide heads', segments: groups([300, 20, 17]), H: 1, D: 128 },
];

/** More than any test has. */
const MAX_SEGMENTS = 24;
const LENGTH = 500;

const rowsOf = (segments: readonly reference.Segment[]): number => segments.reduce((sum, [, rows]) => sum + rows, 0);

function packedOp({ segments, H, D }: Omit<Shape, 'title'>, qkv: Float64Array) {
  const all = new Float64Array(4 * MAX_SEGMENTS);
  all.set(segments.flat());
  return {
    compiled: { batch: 1, length: LENGTH },
    active: { batch: 1, length: rowsOf(segments) },
    values: { qkv, segments: all },
    trace: (graph: Graph) => ({
      out: segmentAttention(
        graph.input('qkv', [graph.batch, graph.length, 3 * H * D], graph.activationType),
        graph.input('segments', [MAX_SEGMENTS, 4], 'int32'),
        { heads: H },
      ),
    }),
  };
}

function packedTest({ title, ...shape }: Shape): OpTest {
  const { segments, H, D } = shape;
  return {
    title: `${title}: ${rowsOf(segments)} rows, H ${H}, D ${D}`,
    make: (precision) => {
      const qkv = activations(precision, rowsOf(segments) * 3 * H * D, 'qkv', 2);
      return {
        op: packedOp(shape, qkv),
        expected: () => ({ outputs: { out: reference.segmentAttention(qkv, segments, { H, D }) } }),
      };
    },
  };
}

describeOp(SHAPES.map(packedTest));

describe.each(devices)('$name', (device) => {
  test('a group has the same bits alone and between others', async () => {
    const [H, D] = [2, 40];
    const qkvOf = (name: string, rows: number) => activations(device.precision, rows * 3 * H * D, name);
    const lengths = { before: [13, 6, 30], own: [133, 21, 9, 140], after: [5, 3] };
    const rows = (group: readonly number[]) => group.reduce((sum, length) => sum + length, 0);
    const [before, own, after] = Object.entries(lengths).map(([name, group]) => qkvOf(name, rows(group)));
    const alone = await outputOf(device, { segments: groups(lengths.own), H, D }, own!);
    const segments = groups(lengths.before, lengths.own, lengths.after);
    const together = await outputOf(device, { segments, H, D }, concatenate([before!, own!, after!]));
    const first = rows(lengths.before) * H * D;
    expectSameBits(together.slice(first, first + alone.length), alone, 'the group');
  });
});

async function outputOf(device: Device, shape: Omit<Shape, 'title'>, qkv: Float64Array): Promise<Float64Array> {
  const { outputs } = await runOp(device, packedOp(shape, qkv));
  return outputs.out ?? new Float64Array();
}
