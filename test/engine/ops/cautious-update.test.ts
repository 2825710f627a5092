import { describe, test } from 'vitest';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { cautiousUpdate } from '#minillm/engine/ops/cautious-update.js';
import { plan } from '#minillm/engine/plan.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { expectClose, expectSameBits } from '../comparison.ts';
import { type Device, devices, openDevice } from '../devices.ts';
import { joinColumns, type Parts } from '../matrix-parts.ts';
import { concatenate, normal } from '../values.ts';

const LEARNING_RATE = 0.02;
const CONSTANTS = { scale: 3, weightDecay: 2 };

/** The weight `w` after one update along the direction. */
async function runUpdate(device: Device, { parts, rows, columns }: Parts, factor: number, threads = 2) {
  const count = parts * rows * columns;
  const graph = new Graph({ batch: 1, length: 1 });
  graph.parameter('w', [rows, parts * columns]);
  const layout = layoutParameters(graph);
  const [scalar, direction] = [[], [parts, rows, columns]];
  cautiousUpdate(
    {
      factor: graph.input('factor', scalar, 'float32'),
      learningRate: graph.input('learningRate', scalar, 'float32'),
    },
    graph.range('parameters', 0, count),
    graph.input('direction', direction, 'float32'),
    CONSTANTS,
  );
  const backend = await openDevice(device, threads);
  const session = new Session(backend, layout, { update: plan(graph, layout, backend) });
  const matrices = Array.from({ length: parts }, (_, part) => ({
    rows,
    columns,
    values: normal(rows * columns, `direction ${part}`),
  }));
  const before = normal(count, 'w');
  await session.write('parameters', 'w', new Float32Array(before));
  const given = new Float32Array(concatenate(matrices.map(({ values }) => values)));
  await session.program('update').run({ factor, learningRate: LEARNING_RATE, direction: given });
  const after = new Float32Array(count);
  await session.read('parameters', 'w', after);
  return { before, u: joinColumns(matrices), after: new Float64Array(after) };
}

describe.each(devices)('$name', (device) => {
  test.each([
    { parts: 1, rows: 3, columns: 5 },
    { parts: 3, rows: 40, columns: 40 },
    { parts: 1, rows: 130, columns: 300 },
  ])('$parts of $rows × $columns move against the direction; what moves towards 0 is decayed too', async (matrices) => {
    const { before, u, after } = await runUpdate(device, matrices, 0.5);
    const expected = before.map((p, i) => {
      const decay = u[i]! * p >= 0 ? CONSTANTS.weightDecay * p : 0;
      return p - LEARNING_RATE * (CONSTANTS.scale * u[i]! + decay);
    });
    expectClose(after, expected, 1e-6, 'w');
  });

  test('with a negative factor the weight stays', async () => {
    const { before, after } = await runUpdate(device, { parts: 3, rows: 40, columns: 40 }, -1);
    expectSameBits(after, before, 'w');
  });
});
