import { describe, expect, test } from 'vitest';
import type { Graph } from '#minillm/engine/graph.js';
import { layoutParameters, type ParameterLayout } from '#minillm/engine/layout.js';
import { insertCollectives } from '#minillm/engine/passes/collectives.js';
import { ELEMENT_TYPES } from '#minillm/engine/runtime/communicator.js';
import { Session } from '#minillm/engine/runtime/session.js';
import type { Tensor } from '#minillm/engine/tensor.js';
import { planTraining } from '#minillm/train/programs.js';
import { nativeDevices, openDevice } from '../devices.ts';
import { microBatch, SEVERAL_BUCKETS, SMALL, traceTraining, UPDATE, writeParameters } from '../training.ts';
import { type Begun, valuesOf, watchedCommunicator } from '../watched-communicator.ts';

const WTE = 'transformer.wte.weight';

/** The elements of the gradient buffer that a tensor is, the first and the one after the last; undefined if it lies elsewhere. */
function gradientRange({ storage, shape }: Tensor, layout: ParameterLayout): [number, number] | undefined {
  const offset =
    storage.kind === 'gradient'
      ? layout.places.get(storage.name)?.offset
      : storage.kind === 'statistic'
        ? layout.statistics.get(storage.name)
        : undefined;
  return offset === undefined ? undefined : [offset, offset + shape.reduce((product, each) => product * each, 1)];
}

/** Indices of the nodes that add to the stretch of gradients that a collective sums. */
function writersOf(graph: Graph, { storage, shape }: Tensor, layout: ParameterLayout): number[] {
  const start = storage.kind === 'range' ? storage.offset : 0;
  return graph.nodes.flatMap(({ updates }, index) => {
    const ranges = updates.map((tensor) => tensor && gradientRange(tensor, layout));
    const inside = ranges.some(([first, end] = [-1, -1]) => end > start && first < start + (shape[0] ?? 0));
    return inside ? [index] : [];
  });
}

describe.each(Object.entries({ 'one block of buckets': SMALL, 'several buckets': SEVERAL_BUCKETS }))(
  '%s',
  (_name, config) => {
    const graph = traceTraining(config, { batch: 1, length: 8 }, 'fp32');
    const layout = layoutParameters(graph, UPDATE.optimizer.groupOf);
    insertCollectives(graph, layout);
    const collectives = graph.nodes.flatMap((node, index) =>
      node.op.name === 'begin_collective' ? [{ node, index }] : [],
    );

    test('each all-reduce stands right after the last node that adds to its bucket', () => {
      for (const { node, index } of collectives) {
        const last = writersOf(graph, node.updates[0] as Tensor, layout).at(-1) ?? Number.NaN;
        const between = graph.nodes.slice(last + 1, index);
        expect(last).toBeLessThan(index);
        expect(
          between.every(({ op }) => op.name === 'begin_collective'),
          `only collectives between ${last} and ${index}`,
        ).toBe(true);
      }
    });

    test('together they sum every element of the gradient buffer once, in order', () => {
      let end = 0;
      for (const { storage, shape } of collectives.map(({ node }) => node.updates[0] as Tensor)) {
        expect(storage).toEqual({ kind: 'range', buffer: 'gradients', offset: end });
        end += shape[0] ?? 0;
      }
      expect(end).toBe(layout.gradientCount);
    });
  },
);

describe.each(nativeDevices)('$name', (device) => {
  const extents = { batch: 1, length: 8 };

  /** Runs a program of training and gives the sums that it began, each with the gradient of `wte` as it was then. */
  async function watch(name: 'gradients' | 'lastGradients', ranks = 2) {
    const backend = await openDevice(device);
    const { precision, sharesHostMemory } = device;
    const { layout, plans } = planTraining(SEVERAL_BUCKETS, backend, { ...extents, precision, ranks }, UPDATE);
    const table = layout.places.get(WTE)!;
    const sums: Begun[] = [];
    const tableGradients: Float32Array[] = [];
    const communicator = watchedCommunicator({
      begin: (sum) => {
        sums.push(sum);
        // the first bucket begins where the gradients do
        const address = sums[0]!.address + 4 * table.offset;
        if (sharesHostMemory) tableGradients.push(valuesOf({ address, count: table.count }).slice());
      },
      wait: () => expect.fail('nothing is waited for before the update'),
    });
    const session = new Session(backend, layout, { [name]: plans[name] }, communicator);
    await writeParameters(session);
    const inputs = { ...microBatch(SEVERAL_BUCKETS, extents), ...(name === 'lastGradients' ? { stop: 0 } : {}) };
    const begun = await session
      .program(name)
      .run(inputs)
      .then(() => sums.length);
    const final = new Float32Array(table.count);
    await session.read('gradients', WTE, final);
    return { layout, sums, begun, tableGradients, final };
  }

  test('the sum of each bucket is begun while the backward pass still computes the later ones', async () => {
    const { layout, sums, begun, tableGradients, final } = await watch('lastGradients');
    expect(layout.buckets.length).toBeGreaterThan(2);
    const counts = [...layout.buckets.map(({ count }) => count), layout.gradientCount - layout.count];
    expect(sums.map(({ count, type }) => ({ count, type }))).toEqual(
      counts.map((count) => ({ count, type: ELEMENT_TYPES.float32 })),
    );
    expect(begun, 'sums begun before the run’s promise resolved').toBe(layout.buckets.length + 1);
    const addresses = sums.map(({ address }) => address - (sums[0]?.address ?? 0));
    expect(addresses).toEqual([...layout.buckets.map(({ offset }) => 4 * offset), 4 * layout.count]);
    if (!device.sharesHostMemory) return;

    // the head has added its share to the token table's gradient when the first bucket is complete, the embedding not yet
    const last = layout.buckets.length - 1;
    expect(tableGradients[0]?.some((value) => value !== 0)).toBe(true);
    for (const early of tableGradients.slice(0, last)) expect(early).not.toEqual(final);
    expect(tableGradients[last]).toEqual(final);
  });

  test('nothing is summed before the last micro-step', async () => {
    expect((await watch('gradients')).sums).toEqual([]);
  });

  test('a world of one has one program for all micro-steps, without sums', async () => {
    const extentsOfOne = { ...extents, precision: device.precision, ranks: 1 };
    const { plans } = planTraining(SMALL, await openDevice(device), extentsOfOne, UPDATE);
    expect(plans.lastGradients).toBe(plans.gradients);
    for (const { nodes, isAtomic } of [plans.gradients, plans.evaluate]) {
      expect(nodes.some(({ node }) => node.op.isCollective)).toBe(false);
      expect(isAtomic).toBe(false);
    }
    expect(plans.update.nodes.some(({ node }) => node.op.isCollective)).toBe(false);
    expect(plans.update.isAtomic).toBe(true);
  });

  test('with other ranks the update waits for the sums before it reads anything', async () => {
    const extentsOfTwo = { ...extents, precision: device.precision, ranks: 2 };
    const { plans } = planTraining(SMALL, await openDevice(device), extentsOfTwo, UPDATE);
    expect(plans.update.nodes[0]?.node.op.name).toBe('wait_for_collectives');
    expect(plans.lastGradients.isAtomic).toBe(true);
    expect(plans.gradients.isAtomic).toBe(false);
  });
});
