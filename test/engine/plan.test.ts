import { describe, expect, test } from 'vitest';
import { cpuTarget } from '#minillm/backends/cpu/target.js';
import { openNullBackend } from '#minillm/backends/null/backend.js';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { apply, type Operation } from '#minillm/engine/operation.js';
import { type Plan, plan } from '#minillm/engine/plan.js';
import { Session } from '#minillm/engine/runtime/session.js';
import type { Target } from '#minillm/engine/target.js';
import { byteLength, type Tensor } from '#minillm/engine/tensor.js';
import { Random } from '#minillm/support/random.js';
import { planTraining } from '#minillm/train/programs.js';
import { describePlan } from './describe-plan.ts';
import { bestDevices, openDevice } from './devices.ts';
import { SEVERAL_BUCKETS, SMALL, UPDATE } from './training.ts';

type Sizes = Pick<Target, 'workspaceBytes'>;

interface Block {
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

/** What lies in the arena while node `index` runs, found without the planner's bookkeeping: by asking every tensor. */
function aliveAt({ nodes, results, addressOf }: Plan, target: Sizes, index: number): Block[] {
  const written = nodes.flatMap(({ node }, at) => node.outputs.flatMap((tensor) => (tensor ? [{ tensor, at }] : [])));
  const isReadFrom = (tensor: Tensor): boolean =>
    [...results.values()].includes(tensor) ||
    nodes.slice(index).some(({ node }) => [...node.inputs, ...node.updates].includes(tensor));
  const alive = written
    .filter(({ tensor, at }) => at === index || (at < index && isReadFrom(tensor)))
    .map(({ tensor, at }) => {
      const { byteOffset: start } = addressOf(tensor);
      return { what: `output of node ${at}`, start, end: start + byteLength(tensor) };
    });
  const planned = nodes[index];
  const workspaceBytes = planned ? target.workspaceBytes(planned.node) : 0;
  if (!planned?.workspace) {
    expect(workspaceBytes, `bytes without a place: workspace of node ${index}`).toBe(0);
    return alive;
  }
  const { byteOffset: start } = planned.workspace;
  return [...alive, { what: `workspace of node ${index}`, start, end: start + workspaceBytes }];
}

function expectNoOverlap(planned: Plan, target: Sizes): void {
  planned.nodes.forEach((_, index) => {
    const alive = aliveAt(planned, target, index).sort((a, b) => a.start - b.start);
    alive.forEach((block, at) => {
      const next = alive[at + 1];
      if (next && block.end > next.start) expect.fail(`at node ${index}, ${block.what} and ${next.what} overlap`);
      expect(block.start % 256, `alignment of ${block.what}`).toBe(0);
      expect(block.end, `end of ${block.what}`).toBeLessThanOrEqual(planned.arenaBytes);
    });
  });
}

/** An operation of any size, with a workspace of any size; nothing runs it. */
const anything: Operation<{ readonly workspace: number }> = { name: 'anything', tensors: {}, flops: () => 0 };

const anyTarget: Sizes = { workspaceBytes: ({ attributes }) => (attributes as { workspace: number }).workspace };

/** 40 nodes with up to three outputs each; readers near and far, outputs nobody reads, some results. */
function randomGraph(seed: number): Graph {
  const random = new Random(seed, 'graph');
  const below = (count: number): number => random.uint32() % count;
  const graph = new Graph({ batch: 1, length: 1 });
  const known: Tensor[] = [graph.input('first', [4], 'float32')];
  for (let index = 0; index < 40; index++) {
    const inputs = Array.from({ length: 1 + below(3) }, () => known[below(known.length)]);
    const outputs = Array.from(
      { length: 1 + below(3) },
      () => ({ shape: [1 + below(3000)], dtype: 'float32' }) as const,
    );
    const workspace = below(3) === 0 ? 1 + below(9000) : 0;
    const node = apply(graph, anything, { inputs, outputs }, { workspace });
    for (const tensor of node.outputs) {
      if (tensor) known.push(tensor);
      if (tensor && below(8) === 0) graph.result(`result ${known.length}`, tensor);
    }
  }
  return graph;
}

const TRAINING = (['fp32', 'bf16'] as const).flatMap((precision) =>
  [SMALL, SEVERAL_BUCKETS].map((config) => ({ precision, config, channels: config.channels })),
);

describe('the arena', () => {
  test.each(Array.from({ length: 50 }, (_, seed) => seed))('random program %d: nothing alive overlaps', (seed) => {
    const graph = randomGraph(seed);
    const planned = plan(graph, layoutParameters(graph), anyTarget);
    expectNoOverlap(planned, anyTarget);
    const everything = planned.nodes
      .flatMap(({ node }) => node.outputs)
      .reduce((sum, t) => sum + (t ? byteLength(t) : 0), 0);
    expect(planned.arenaBytes, 'memory is used again').toBeLessThan(everything);
  });

  test.each(TRAINING)('programs of training with $channels channels, $precision: nothing alive overlaps', (options) => {
    const { config, precision } = options;
    const extents = { batch: 2, length: 16, precision, ranks: 2 };
    const { plans } = planTraining(config, cpuTarget, extents, UPDATE);
    for (const planned of Object.values(plans)) expectNoOverlap(planned, cpuTarget);
  });
});

test('inputs lie after the extents, aligned to cache lines, and do not overlap', () => {
  const { plans } = planTraining(SMALL, cpuTarget, { batch: 3, length: 7, precision: 'fp32', ranks: 2 }, UPDATE);
  for (const { inputs, inputBytes } of Object.values(plans)) {
    let end = 8;
    for (const { tensor, byteOffset } of [...inputs.values()].sort((a, b) => a.byteOffset - b.byteOffset)) {
      expect(byteOffset % 64).toBe(0);
      expect(byteOffset).toBeGreaterThanOrEqual(end);
      end = byteOffset + byteLength(tensor);
    }
    expect(inputBytes).toBeGreaterThanOrEqual(end);
  }
});

test('reading an activation that nothing has written is an error', () => {
  const graph = new Graph({ batch: 1, length: 1 });
  const never = graph.activation({ shape: [1], dtype: 'float32' });
  apply(graph, anything, { inputs: [never] }, { workspace: 0 });
  const planned = plan(graph, layoutParameters(graph), anyTarget);
  expect(() => describePlan(planned)).toThrow('before any node has written it');
});

describe.each(bestDevices)('$name', (device) => {
  test('the null backend has the plans of the device it stands for', async () => {
    const backend = await openDevice(device);
    const extents = { batch: 2, length: 16, precision: device.precision, ranks: 1 };
    const planFor = (target: Target) => planTraining(SMALL, target, extents, UPDATE);
    const nothing = openNullBackend(backend);
    const { layout, plans } = planFor(nothing);
    const sessions = [backend, nothing].map((each) => new Session(each, layout, plans));
    for (const name of ['gradients', 'update', 'evaluate'] as const) {
      const text = describePlan(planFor(backend).plans[name]);
      for (const session of sessions) expect(describePlan(session.program(name).plan)).toBe(text);
      expect(text.split('\n')).toHaveLength(plans[name].nodes.length + 1);
    }
  });
});
