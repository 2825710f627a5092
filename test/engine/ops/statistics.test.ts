import { describe, expect, test } from 'vitest';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters, type ParameterLayout } from '#minillm/engine/layout.js';
import { addStatistic, takeStatistics } from '#minillm/engine/ops/statistics.js';
import { plan } from '#minillm/engine/plan.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { type Device, devices, openDevice } from '../devices.ts';

function addGraph(): Graph {
  const graph = new Graph({ batch: 1, length: 1 });
  for (const name of ['loss', 'stop'] as const) addStatistic(graph.input(name, [], 'float32'), graph.statistic(name));
  return graph;
}

function takeGraph(layout: ParameterLayout): Graph {
  const graph = new Graph({ batch: 1, length: 1 });
  graph.result('statistics', takeStatistics(graph, layout));
  return graph;
}

/** A program that adds to both statistics and one that takes them, beside a tensor `w` of the same buffer. */
async function openStatistics(device: Device) {
  const parameters = new Graph({ batch: 1, length: 1 });
  parameters.parameter('w', [1024]);
  const layout = layoutParameters(parameters);
  const backend = await openDevice(device);
  const plans = { add: plan(addGraph(), layout, backend), take: plan(takeGraph(layout), layout, backend) };
  const session = new Session(backend, layout, plans);
  const take = async (): Promise<number[]> => {
    const statistics = new Float32Array(layout.statistics.size);
    await session.program('take').run({}, { results: { statistics } });
    return [...statistics];
  };
  return { session, take, add: (loss: number, stop: number) => session.program('add').run({ loss, stop }) };
}

describe.each(devices)('$name', (device) => {
  test('what is added is taken, in the order of the layout, and begins again at 0', async () => {
    const { session, add, take } = await openStatistics(device);
    expect([...session.layout.statistics.keys()]).toEqual(['loss', 'stop']);
    await add(1.5, 0);
    await add(2.25, 1);
    expect(await take()).toEqual([3.75, 1]);
    expect(await take()).toEqual([0, 0]);
    await add(-1, 0);
    expect(await take()).toEqual([-1, 0]);
  });

  test('gradients before them stay as they are', async () => {
    const { session, add, take } = await openStatistics(device);
    const gradients = new Float32Array(1024).fill(7);
    await session.write('gradients', 'w', gradients);
    await add(1, 1);
    await take();
    const after = new Float32Array(1024);
    await session.read('gradients', 'w', after);
    expect(after).toEqual(gradients);
  });
});
