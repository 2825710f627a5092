import { describe, expect, test } from 'vitest';
import type { Graph } from '#minillm/engine/graph.js';
import { layoutParameters, type ParameterLayout } from '#minillm/engine/layout.js';
import { insertCollectives } from '#minillm/engine/passes/collectives.js';
import { Session } from '#minillm/engine/runtime/session.js';
import type { Tensor } from '#minillm/engine/tensor.js';
import { planTraining } from '#minillm/train/programs.js';
import { bestDevices, type Device, openDevice } from '../devices.ts';
import { type Signal, watchedCommunicator } from '../reduce-callback.ts';
import { microBatch, OPTIMIZER, SEVERAL_BUCKETS, SMALL, traceTraining, writeParameters } from '../training.ts';

const WTE = 'transformer.wte.weight';

/** The element of the gradient buffer that a tensor begins at; undefined if it lies elsewhere. */
function gradientOffset({ storage }: Tensor, layout: ParameterLayout): number | undefined {
  if (storage.kind === 'gradient') return layout.places.get(storage.name)?.offset;
  return storage.kind === 'statistic' ? layout.statistics.get(storage.name) : undefined;
}

/** Indices of the nodes that add to the stretch of gradients that a collective reduces. */
function writersOf(graph: Graph, { storage, shape }: Tensor, layout: ParameterLayout): number[] {
  const start = storage.kind === 'range' ? storage.offset : 0;
  return graph.nodes.flatMap(({ updates }, index) => {
    const offsets = updates.map((tensor) => tensor && gradientOffset(tensor, layout));
    const inside = offsets.some((offset = -1) => offset >= start && offset < start + (shape[0] ?? 0));
    return inside ? [index] : [];
  });
}

describe.each(Object.entries({ 'one block of buckets': SMALL, 'several buckets': SEVERAL_BUCKETS }))(
  '%s',
  (_name, config) => {
    const graph = traceTraining(config, { batch: 1, length: 8 }, 'fp32');
    const layout = layoutParameters(graph);
    insertCollectives(graph, layout);
    const collectives = graph.nodes.flatMap((node, index) => (node.op.name === 'all_reduce' ? [{ node, index }] : []));

    test('each all-reduce stands right behind the last node that adds to its bucket', () => {
      for (const { node, index } of collectives) {
        const last = writersOf(graph, node.updates[0] as Tensor, layout).at(-1) ?? Number.NaN;
        const between = graph.nodes.slice(last + 1, index);
        expect(last).toBeLessThan(index);
        expect(
          between.every(({ op }) => op.name === 'all_reduce'),
          `only collectives between ${last} and ${index}`,
        ).toBe(true);
      }
    });

    test('together they reduce every element of the gradient buffer once, in order', () => {
      let end = 0;
      for (const { storage, shape } of collectives.map(({ node }) => node.updates[0] as Tensor)) {
        expect(storage).toEqual({ kind: 'range', buffer: 'gradients', offset: end });
        end += shape[0] ?? 0;
      }
      expect(end).toBe(layout.gradientCount);
      expect(collectives.map(({ node }) => node.attributes.bucket)).toEqual(collectives.map((_, index) => index));
    });
  },
);

describe.each(bestDevices)('$name', (device) => {
  const extents = { batch: 1, length: 8 };

  /** Runs one micro-step and tells what was signalled, with the gradient of `wte` as it was at each signal. */
  async function watch(on: Device, lastMicroStep: 0 | 1) {
    const { layout, plans } = planTraining(SEVERAL_BUCKETS, { ...extents, precision: on.precision }, OPTIMIZER);
    const signals: Signal[] = [];
    const tableGradients: Float32Array[] = [];
    const communicator = watchedCommunicator(1, (signal) => {
      signals.push(signal);
      tableGradients.push(readTable());
    });
    const session = new Session(await openDevice(on), layout, { gradients: plans.gradients }, communicator);
    const readTable = () => {
      const values = new Float32Array(SEVERAL_BUCKETS.vocabularySize * SEVERAL_BUCKETS.channels);
      session.read('gradients', WTE, values);
      return values;
    };
    writeParameters(session);
    let resolved = false;
    const signalledBefore = session
      .program('gradients')
      .run({ ...microBatch(SEVERAL_BUCKETS, extents), lastMicroStep })
      .then(() => {
        resolved = true;
        return signals.length;
      });
    expect(resolved).toBe(false);
    return {
      layout,
      signals,
      signalled: await signalledBefore,
      tableGradients,
      final: readTable(),
    };
  }

  test('each bucket is signalled while the backward pass still computes the later ones', async () => {
    const { layout, signals, signalled, tableGradients, final } = await watch(device, 1);
    const statistics = { bucket: layout.buckets.length, count: layout.gradientCount - layout.count };
    expect(layout.buckets.length).toBeGreaterThan(2);
    expect(signals.map(({ bucket, count }) => ({ bucket, count }))).toEqual([
      ...layout.buckets.map(({ count }, bucket) => ({ bucket, count })),
      statistics,
    ]);
    expect(signalled, 'signals before the run’s promise resolved').toBe(layout.buckets.length + 1);
    const addresses = signals.map(({ address }) => address - (signals[0]?.address ?? 0));
    expect(addresses).toEqual([...layout.buckets.map(({ offset }) => 4 * offset), 4 * layout.count]);

    // the head has added its share to the token table's gradient when the first bucket is complete, the embedding not yet
    const last = layout.buckets.length - 1;
    expect(tableGradients[0]?.some((value) => value !== 0)).toBe(true);
    for (const early of tableGradients.slice(0, last)) expect(early).not.toEqual(final);
    expect(tableGradients[last]).toEqual(final);
  });

  test('no bucket is signalled before the last micro-step', async () => {
    expect((await watch(device, 0)).signals).toEqual([]);
  });
});
