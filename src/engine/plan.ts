/**
 * @file The plan of a program: every tensor's address before anything runs, and what each node will cost. Intermediates
 * share one arena; two of them overlap in it only if their lifetimes do not.
 */

import type { Graph, Node } from './graph.ts';
import type { ParameterLayout } from './layout.ts';
import type { Target } from './target.ts';
import { BYTES_PER_ELEMENT, byteLength, type FlatBuffer, type Precision, type Tensor } from './tensor.ts';

/** A buffer that addresses are relative to; `state:NAME` is a state's own. */
export type Region = 'arena' | 'inputs' | FlatBuffer | `state:${string}`;

export interface Address {
  readonly region: Region;
  /** From the start of the region. */
  readonly byteOffset: number;
}

export interface PlannedNode {
  readonly node: Node;
  readonly workspace: Address | undefined;
  readonly flops: number;
  /** Bytes read and written at full extents: inputs, outputs, and updates twice. */
  readonly traffic: number;
}

export interface InputField {
  readonly tensor: Tensor;
  readonly byteOffset: number;
}

export interface Plan {
  readonly batch: number;
  readonly length: number;
  /** The precision its activations are stored in; undefined where there are none. */
  readonly precision: Precision | undefined;
  readonly nodes: readonly PlannedNode[];
  readonly addressOf: (tensor: Tensor) => Address;
  readonly arenaBytes: number;
  /** The input block: the active extents (two int32), then each input. */
  readonly inputBytes: number;
  readonly inputs: ReadonlyMap<string, InputField>;
  readonly results: ReadonlyMap<string, Tensor>;
  /** Bytes of each state, by name. */
  readonly states: ReadonlyMap<string, number>;
  /** Whether a run changes parameters. */
  readonly updatesParameters: boolean;
  /** Whether a run must not stop between two nodes: it changes parameters, or other ranks wait for it. */
  readonly isAtomic: boolean;
}

const ALIGNMENT = 256;
/** Where the inputs start in the input block, after the extents. */
const INPUTS_START = 64;

const alignUp = (value: number, alignment: number): number => Math.ceil(value / alignment) * alignment;

interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  last: number;
}

/** Rewrites a traced network with the passes its device asks for, and plans it. */
export function planNetwork(graph: Graph, layout: ParameterLayout, target: Target): Plan {
  for (const pass of target.networkPasses) pass(graph);
  return plan(graph, layout, target);
}

/** Plans a traced program for a device. Parameters, gradients and statistics lie where `layout` puts them. */
export function plan(graph: Graph, layout: ParameterLayout, target: Pick<Target, 'workspaceBytes'>): Plan {
  const lifetimes = new Map<Tensor, Lifetime>();
  const workspaces: { readonly node: Node; readonly life: Lifetime }[] = [];
  graph.nodes.forEach((node, index) => {
    for (const tensor of node.outputs)
      if (tensor) lifetimes.set(tensor, { bytes: byteLength(tensor), first: index, last: index });
    for (const tensor of [...node.inputs, ...node.updates]) {
      const life = tensor && lifetimes.get(tensor);
      if (life) life.last = index;
    }
    const bytes = target.workspaceBytes(node);
    if (bytes > 0) workspaces.push({ node, life: { bytes, first: index, last: index } });
  });
  for (const tensor of graph.results.values()) {
    const life = lifetimes.get(tensor);
    if (life) life.last = graph.nodes.length;
  }

  const arena = placeInArena([...lifetimes.values(), ...workspaces.map(({ life }) => life)]);
  const workspaceOf = new Map(workspaces.map(({ node, life }) => [node, arena.offsetOf(life)]));
  const inputs = new Map<string, InputField>();
  let inputBytes = INPUTS_START;
  for (const [name, tensor] of graph.inputs) {
    inputs.set(name, { tensor, byteOffset: inputBytes });
    inputBytes = alignUp(inputBytes + byteLength(tensor), INPUTS_START);
  }

  const addressOf = (tensor: Tensor): Address => {
    const life = lifetimes.get(tensor);
    if (life) return { region: 'arena', byteOffset: arena.offsetOf(life) };
    return addressOfStored(tensor, inputs, layout);
  };

  const updatesParameters = graph.nodes.some(({ updates }) =>
    updates.some((tensor) => tensor?.storage.kind === 'range' && tensor.storage.buffer === 'parameters'),
  );
  return {
    batch: graph.batch,
    length: graph.length,
    precision: graph.precision,
    nodes: graph.nodes.map((node) => {
      const workspace = workspaceOf.get(node);
      return {
        node,
        workspace: workspace === undefined ? undefined : { region: 'arena', byteOffset: workspace },
        flops: node.op.flops(node),
        traffic: traffic(node),
      };
    }),
    addressOf,
    arenaBytes: arena.bytes,
    inputBytes,
    inputs,
    results: graph.results,
    states: new Map([...graph.states].map(([name, tensor]) => [name, byteLength(tensor)])),
    updatesParameters,
    isAtomic: updatesParameters || graph.nodes.some(({ op }) => op.isCollective === true),
  };
}

function addressOfStored(
  { storage }: Tensor,
  inputs: ReadonlyMap<string, InputField>,
  layout: ParameterLayout,
): Address {
  switch (storage.kind) {
    case 'input':
      return { region: 'inputs', byteOffset: known(inputs.get(storage.name), storage.name).byteOffset };
    case 'parameter':
    case 'gradient': {
      const region = storage.kind === 'parameter' ? 'parameters' : 'gradients';
      return { region, byteOffset: float32Bytes(known(layout.places.get(storage.name), storage.name).offset) };
    }
    case 'statistic':
      return {
        region: 'gradients',
        byteOffset: float32Bytes(known(layout.statistics.get(storage.name), storage.name)),
      };
    case 'range':
      return { region: storage.buffer, byteOffset: float32Bytes(storage.offset) };
    case 'state':
      return { region: `state:${storage.name}`, byteOffset: 0 };
    case 'activation':
      throw new TypeError('an activation is read before any node has written it');
  }
}

const float32Bytes = (count: number): number => BYTES_PER_ELEMENT.float32 * count;

function known<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new TypeError(`${name} has no place in this layout`);
  return value;
}

function traffic(node: Node): number {
  const bytes = (tensors: readonly (Tensor | undefined)[]): number =>
    tensors.reduce((sum, tensor) => sum + (tensor ? byteLength(tensor) : 0), 0);
  return bytes(node.inputs) + bytes(node.outputs) + 2 * bytes(node.updates);
}

/** Greedy by size: the largest first, each at the lowest offset that is free throughout its lifetime. */
function placeInArena(lives: readonly Lifetime[]): { bytes: number; offsetOf: (life: Lifetime) => number } {
  const offsets = new Map<Lifetime, number>();
  const placed: { life: Lifetime; start: number; end: number }[] = [];
  let bytes = 0;
  for (const life of [...lives].sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    const size = alignUp(life.bytes, ALIGNMENT);
    let start = 0;
    for (const other of placed) {
      const apart = other.life.last < life.first || other.life.first > life.last;
      if (apart || other.end <= start) continue;
      if (other.start >= start + size) break;
      start = other.end;
    }
    offsets.set(life, start);
    const at = placed.findIndex((other) => other.start > start);
    placed.splice(at < 0 ? placed.length : at, 0, { life, start, end: start + size });
    bytes = Math.max(bytes, start + size);
  }
  return { bytes, offsetOf: (life) => offsets.get(life) ?? 0 };
}
