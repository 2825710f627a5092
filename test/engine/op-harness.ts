/** @file Runs one traced operation on a device: values by name go in, values by name come out. */

import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { plan } from '#minillm/engine/plan.js';
import type { InputValue } from '#minillm/engine/runtime/program.js';
import { Session } from '#minillm/engine/runtime/session.js';
import { BYTES_PER_ELEMENT, type DType, elements, type Tensor } from '#minillm/engine/tensor.js';
import { bfloat16ToFloat32 } from '#minillm/formats/float-bits.js';
import { type Device, openDevice } from './devices.ts';
import { bfloat16Bits } from './values.ts';

/** Tensors by name, whole numbers among them. */
export type Values = Readonly<Record<string, Float64Array>>;

export interface Extents {
  readonly batch: number;
  readonly length: number;
}

export interface OpCase {
  /** The largest extents the program takes. */
  readonly compiled: Extents;
  /** Those of the run. */
  readonly active?: Extents;
  /** Adds the operation, its backward nodes too, and returns the tensors to read, by name. */
  readonly trace: (graph: Graph) => Readonly<Record<string, Tensor | undefined>>;
  /** Every input and parameter, by name. */
  readonly values: Values;
}

/**
 * Adds the backward nodes of the operation traced last and returns the gradients of its inputs.
 *
 * @param outputGradients one per output of the operation; undefined where none reaches it
 */
export function backpropagate(
  graph: Graph,
  outputGradients: readonly (Tensor | undefined)[],
): readonly (Tensor | undefined)[] {
  const node = graph.nodes.at(-1);
  if (!node?.op.backward) throw new TypeError(`${node?.op.name ?? 'an empty graph'} has no backward rule`);
  return node.op.backward(node, outputGradients);
}

/** Puts the pass that gives losses and the gradients of inputs in the place of the loss traced last. */
export function differentiateLosses(
  graph: Graph,
  scale: Tensor,
): { readonly losses: Tensor | undefined; readonly inputGradients: readonly (Tensor | undefined)[] } {
  const node = graph.nodes.pop();
  if (!node?.op.backwardInForward) throw new TypeError(`${node?.op.name ?? 'an empty graph'} makes no losses`);
  const { replacement, inputGradients } = node.op.backwardInForward(node, scale);
  return { losses: replacement.outputs[0], inputGradients };
}

export interface OpResults {
  /** The tensors that `trace` returned, at the active extents. */
  readonly outputs: Values;
  /** The gradients of the parameters that have one. */
  readonly gradients: Values;
}

/** Traces, plans and compiles an operation, and runs it `runs` times over. */
export async function runOp(
  device: Device,
  { compiled, active = compiled, trace, values }: OpCase,
  { threads = 2, runs = 1 } = {},
): Promise<OpResults> {
  const graph = new Graph(compiled, device.precision);
  for (const [name, tensor] of Object.entries(trace(graph))) if (tensor) graph.result(name, tensor);
  // no backend allocates a buffer of no parameters
  if (graph.parameters.size === 0) graph.parameter('unused', [1]);
  const layout = layoutParameters(graph);
  const backend = await openDevice(device, threads);
  const session = new Session(backend, layout, { op: plan(graph, layout, backend) });
  const program = session.program('op');

  for (const name of graph.parameters.keys()) {
    if (name !== 'unused') await session.write('parameters', name, new Float32Array(given(values, name)));
  }
  const inputs = [...graph.inputs].map(([name, { dtype }]) => [name, encode(given(values, name), dtype)] as const);
  const results: Record<string, Float32Array> = {};
  for (const [name, tensor] of graph.results)
    results[name] = new Float32Array(bytesOf(activeElements(tensor, compiled, active), tensor.dtype) / 4);
  for (let run = 0; run < runs; run++) await program.run(Object.fromEntries(inputs), { ...active, results });

  const outputs: Record<string, Float64Array> = {};
  for (const [name, { dtype }] of graph.results) outputs[name] = decode(results[name] ?? new Float32Array(), dtype);
  const gradients: Record<string, Float64Array> = {};
  for (const name of gradientNames(graph)) {
    const gradient = new Float32Array(layout.places.get(name)?.count ?? 0);
    await session.read('gradients', name, gradient);
    gradients[name] = new Float64Array(gradient);
  }
  return { outputs, gradients };
}

function given(values: Values, name: string): Float64Array {
  const value = values[name];
  if (!value) throw new TypeError(`the test gives no values for ${name}`);
  return value;
}

/** Leading axes that have the compiled extents hold the active ones only. */
function activeElements({ shape }: Tensor, compiled: Extents, active: Extents): number {
  const [first, second, ...rest] = shape;
  if (first !== compiled.batch) return elements(shape);
  if (second !== compiled.length) return elements([active.batch, ...shape.slice(1)]);
  return elements([active.batch, active.length, ...rest]);
}

function gradientNames(graph: Graph): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { updates } of graph.nodes)
    for (const tensor of updates) if (tensor?.storage.kind === 'gradient') names.add(tensor.storage.name);
  return names;
}

/** Bytes of so many elements, in whole words of four. */
const bytesOf = (count: number, dtype: DType): number => 4 * Math.ceil((count * BYTES_PER_ELEMENT[dtype]) / 4);

/** The values of a tensor as a program takes them: two bfloat16 are the bits of one float32. */
export function encode(values: Float64Array, dtype: DType): InputValue {
  if (dtype === 'int32') return new Int32Array(values);
  if (dtype === 'float32') return new Float32Array(values);
  if (dtype === 'float64') return values;
  return new Float32Array(Uint16Array.from(values, bfloat16Bits).buffer);
}

export function decode(bytes: Float32Array, dtype: DType): Float64Array {
  if (dtype === 'int32') return new Float64Array(new Int32Array(bytes.buffer));
  if (dtype === 'float32') return new Float64Array(bytes);
  if (dtype === 'float64') return new Float64Array(bytes.buffer);
  const widened = new Float32Array(bytes.length * 2);
  bfloat16ToFloat32(new Uint16Array(bytes.buffer), widened);
  return new Float64Array(widened);
}
