import { describe, expect, test } from 'vitest';
import type { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { recomputeCheapOutputs } from '#minillm/engine/passes/recompute.js';
import { plan } from '#minillm/engine/plan.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { expectClose, expectSameBits } from '../comparison.ts';
import { type Device, devices, openDevice } from '../devices.ts';
import { microBatch, readGradients, SMALL, traceTraining, writeParameters } from '../training.ts';

const EXTENTS = { batch: 2, length: 16 };

async function train(device: Device, rewrite: (graph: Graph) => void) {
  const graph = traceTraining(SMALL, EXTENTS, device.precision);
  rewrite(graph);
  const layout = layoutParameters(graph);
  const backend = await openDevice(device);
  const session = new Session(backend, layout, { gradients: plan(graph, layout, backend) });
  await writeParameters(session);
  const program = session.program('gradients');
  const losses = new Float32Array(EXTENTS.batch * EXTENTS.length);
  await program.run(microBatch(SMALL, EXTENTS), { results: { losses } });
  const { arenaBytes } = program.plan;
  return { losses: new Float64Array(losses), gradients: await readGradients(session), arenaBytes };
}

describe.each(devices)('$name', (device) => {
  test('recomputing changes no loss and no gradient, and takes less memory', async () => {
    const kept = await train(device, () => {});
    const remade = await train(device, recomputeCheapOutputs);
    expectSameBits(remade.losses, kept.losses, 'losses');
    for (const [name, gradient] of kept.gradients) {
      const again = remade.gradients.get(name) ?? new Float64Array();
      // in bf16 GELU is made again from the stored preactivation, rounded by up to 2⁻⁹
      if (device.precision === 'bf16') expectClose(again, gradient, 1e-2, name);
      else expectSameBits(again, gradient, name);
    }
    expect(remade.arenaBytes).toBeLessThan(kept.arenaBytes);
  });
});

test('the backward pass reads no output of the forward pass that a LayerNorm or a GELU made', () => {
  const graph = traceTraining(SMALL, EXTENTS, 'fp32');
  const forward = graph.nodes.slice(0, graph.backwardStart);
  const cheap = forward.flatMap(({ op, outputs: [first, preactivation] }) =>
    op.name === 'layer_norm' || (op.name === 'linear' && preactivation) ? [first] : [],
  );
  recomputeCheapOutputs(graph);
  expect(graph.nodes.slice(0, forward.length)).toEqual(forward);
  const read = graph.nodes.slice(forward.length).flatMap(({ inputs }) => inputs);
  expect(cheap).toHaveLength(2 * SMALL.layers + 1 + SMALL.layers);
  expect(read.filter((tensor) => cheap.includes(tensor))).toEqual([]);
});
