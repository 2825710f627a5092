/** @file A plan as what is put on a stream for one run of certain extents: launches, products, fills, collectives. */

import type { Node } from '../../engine/graph.ts';
import type { Address, Plan, PlannedNode } from '../../engine/plan.ts';
import type { NativeCollectives } from '../../engine/runtime/communicator.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { functionAt } from '../../native/library.ts';
import { argumentWords, encodeWords, WORD_BYTES } from '../kernel-arguments.ts';
import type { CudaDevice } from './device.ts';
import type { Kernels } from './kernels.ts';
import type { Clear, Extents, Launch, Place, Product } from './operation.ts';
import { OPERATIONS } from './operations/index.ts';
import type { Choice, Products } from './products.ts';

/** Puts the work of one node on the stream. */
export type Work = () => void;

/** What a program is built with. */
export interface Builder {
  readonly device: CudaDevice;
  readonly kernels: Kernels;
  readonly products: Products;
  /** The address of a planned place. */
  readonly resolve: (address: Address) => number;
  /** Undefined in a world of one. */
  readonly collectives: NativeCollectives | undefined;
  /** Called when a collective could not be begun or awaited. */
  readonly failed: () => Error;
}

/** Bytes of the active extents, which follow a kernel's arguments. */
const EXTENTS_BYTES = 8;

const BEGIN_COLLECTIVE = 'begin_collective';
const BEGIN =
  'int32_t begin(int64_t context, int32_t collective, int64_t data, int64_t count, int32_t type, int64_t stream)';
const WAIT = 'int32_t wait(int64_t context, int64_t stream)';

/**
 * The work of each node of a plan, in order. A graph must end with all its streams joined, so a program that begins collectives and leaves
 * the wait to the next one ends with a wait of its own; the next has nothing to do before it anyway.
 */
export function buildWork(plan: Plan, active: Extents, builder: Builder): Work[] {
  const choice = isTraining(plan) ? 'measured' : 'heuristic';
  const works = plan.nodes.map((planned) =>
    planned.node.op.isCollective
      ? collective(plan, planned.node, builder)
      : computation(plan, planned, active, choice, builder),
  );
  const last = plan.nodes.findLast(({ node }) => node.op.isCollective)?.node.op.name;
  return last === BEGIN_COLLECTIVE ? [...works, waiting(builder)] : works;
}

/** Whether a run adds to gradients: it is one of many of the same extents, for which measuring pays. */
function isTraining({ nodes }: Plan): boolean {
  return nodes.some(({ node }) => node.updates.some((tensor) => tensor?.storage.kind === 'gradient'));
}

function computation(
  plan: Plan,
  { node, workspace }: PlannedNode,
  active: Extents,
  choice: Choice,
  builder: Builder,
): Work {
  const { device, kernels, products, resolve } = builder;
  const operation = OPERATIONS[node.op.name];
  if (!operation) throw new TypeError(`the CUDA backend has no operation ${node.op.name}`);
  const steps = operation.steps(node, active);
  const scratch = workspace ? resolve(workspace) : 0;
  const pointer = (tensor: Tensor | undefined): number => (tensor ? resolve(plan.addressOf(tensor)) : 0);
  const place = ({ of, byteOffset = 0 }: Place): number => (of === 'workspace' ? scratch : pointer(of)) + byteOffset;

  const launches = steps.filter((step) => step.kind === 'launch');
  const own = operation.workspace?.(node);
  const base = {
    pointers: own ? { workspace: scratch } : {},
    // a size that only some launches have is 0 in the others
    sizes: { ...zeros(launches), ...own?.sizes },
  };

  const launch = ({ function: name, grid: [x, y = 1, z = 1], block, sharedBytes = 0, sizes }: Launch): Work => {
    const { fields, function: functionOf } = kernels.of(node.op.name);
    const words = argumentWords(node, fields, pointer, { ...base, sizes: { ...base.sizes, ...sizes } });
    const parameters = new Uint8Array(WORD_BYTES * words.length + EXTENTS_BYTES);
    const view = new DataView(parameters.buffer);
    encodeWords(words, view, 0);
    view.setInt32(WORD_BYTES * words.length, active.batch, true);
    view.setInt32(WORD_BYTES * words.length + 4, active.length, true);
    const handle = functionOf(name, sharedBytes);
    if (x === 0 || y === 0 || z === 0) return () => {};
    return () => device.driver.launch(handle, { x, y, z }, block, sharedBytes, device.stream, parameters);
  };
  const product = (step: Product): Work => {
    if (step.m === 0 || step.n === 0 || step.k === 0) return () => {};
    const bias = step.bias ? place(step.bias.place) : 0;
    const places = { a: place(step.a.place), b: place(step.b.place), d: place(step.d.place), bias };
    const { run } = products.choose(step, places, choice);
    return () => run(places, step.accumulate ?? false);
  };
  const clear = ({ place: where, bytes }: Clear): Work => {
    const address = place(where);
    return () => device.driver.fill(address, 0, bytes, device.stream);
  };
  const all = steps.map((step): Work => {
    if (step.kind === 'launch') return launch(step);
    return step.kind === 'product' ? product(step) : clear(step);
  });
  return () => {
    for (const work of all) work();
  };
}

function zeros(launches: readonly Launch[]): Record<string, number> {
  return Object.fromEntries(launches.flatMap(({ sizes = {} }) => Object.keys(sizes)).map((name) => [name, 0]));
}

function collective(plan: Plan, node: Node, builder: Builder): Work {
  const { device, resolve, collectives, failed } = builder;
  if (node.op.name !== BEGIN_COLLECTIVE) return waiting(builder);
  if (!collectives) return () => {};
  const [values] = node.updates;
  const { collective: which = 0, count = 0, type = 0 } = node.op.sizes?.(node) ?? {};
  const data = values ? resolve(plan.addressOf(values)) : 0;
  const begin = functionAt(collectives.begin, BEGIN);
  return () => {
    if (begin(collectives.context, which, data, count, type, device.stream) !== 0) throw failed();
  };
}

/** Makes the stream wait for all collectives that have begun. */
function waiting({ device, collectives, failed }: Builder): Work {
  if (!collectives) return () => {};
  const wait = functionAt(collectives.wait, WAIT);
  return () => {
    if (wait(collectives.context, device.stream) !== 0) throw failed();
  };
}
