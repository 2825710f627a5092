/** @file The traced program: nodes in the order they will run, and the tensors between them. */

import type { Statistic } from './layout.ts';
import type { Operation } from './operation.ts';
import type { DType, FlatBuffer, Precision, Storage, Tensor, TensorSpec } from './tensor.ts';

export interface Node<Attributes = unknown> {
  readonly op: Operation<Attributes>;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: readonly (Tensor | undefined)[];
  /** Tensors the kernel reads and writes in place: gradients, parameters, caches. */
  readonly updates: readonly (Tensor | undefined)[];
  /** Fixed when the program is traced; only the operation knows them. */
  readonly attributes: Attributes;
}

/**
 * A program being traced, for at most `batch` rows of at most `length` positions. Matrix products read and write
 * `activationType`; the residual stream, parameters and statistics are always float32.
 */
export class Graph {
  readonly batch: number;
  readonly length: number;
  readonly activationType: DType;
  /** Undefined for a program without activations (an update), which any precision runs. */
  readonly precision: Precision | undefined;
  nodes: Node[] = [];
  /** Index of the first node of the backward pass, once the program has been differentiated. */
  backwardStart: number | undefined;
  readonly inputs = new Map<string, Tensor>();
  readonly parameters = new Map<string, Tensor>();
  readonly states = new Map<string, Tensor>();
  /** Tensors the host reads after a run, by name. */
  readonly results = new Map<string, Tensor>();
  readonly #gradients = new Map<string, Tensor>();

  constructor(extents: { batch: number; length: number }, precision?: Precision) {
    this.batch = extents.batch;
    this.length = extents.length;
    this.precision = precision;
    this.activationType = precision === 'bf16' ? 'bfloat16' : 'float32';
  }

  /** A tensor the host writes before each run. */
  input(name: string, shape: readonly number[], dtype: DType): Tensor {
    return this.#named(this.inputs, name, { kind: 'input', name }, { shape, dtype });
  }

  /** A trained tensor; asking for the same name again gives the same tensor. */
  parameter(name: string, shape: readonly number[]): Tensor {
    return this.#named(this.parameters, name, { kind: 'parameter', name }, { shape, dtype: 'float32' });
  }

  /** The gradient of a parameter; backward kernels add to it. */
  gradientOf(parameter: Tensor): Tensor {
    if (parameter.storage.kind !== 'parameter') throw new TypeError('only parameters have a gradient of their own');
    const { name } = parameter.storage;
    return this.#named(this.#gradients, name, { kind: 'gradient', name }, parameter);
  }

  /** A scalar summed along with the gradients: over micro-steps, and over ranks by the same collectives. */
  statistic(name: Statistic): Tensor {
    return { graph: this, shape: [], dtype: 'float32', storage: { kind: 'statistic', name } };
  }

  /** A buffer that keeps its contents from run to run and is shared by the programs that name it. */
  state(name: string, shape: readonly number[], dtype: DType): Tensor {
    return this.#named(this.states, name, { kind: 'state', name }, { shape, dtype });
  }

  /** `count` elements of a flat buffer from element `offset`. */
  range(buffer: FlatBuffer, offset: number, count: number): Tensor {
    return { graph: this, shape: [count], dtype: 'float32', storage: { kind: 'range', buffer, offset } };
  }

  /** A tensor of the arena, which a node writes and later nodes read. */
  activation({ shape, dtype }: TensorSpec): Tensor {
    return { graph: this, shape, dtype, storage: { kind: 'activation' } };
  }

  /** Makes a tensor readable by the host after a run. */
  result(name: string, tensor: Tensor): void {
    this.results.set(name, tensor);
  }

  /** Appends a node and returns it. */
  add(node: Node): Node {
    this.nodes.push(node);
    return node;
  }

  /** Runs `trace` and returns the nodes it added instead of leaving them at the end of the program. */
  capture<T>(trace: () => T): { value: T; nodes: Node[] } {
    const before = this.nodes;
    this.nodes = [];
    const value = trace();
    const nodes = this.nodes;
    this.nodes = before;
    return { value, nodes };
  }

  #named(known: Map<string, Tensor>, name: string, storage: Storage, { shape, dtype }: TensorSpec): Tensor {
    const found = known.get(name);
    if (found) {
      if (found.shape.join() !== shape.join() || found.dtype !== dtype)
        throw new TypeError(`${name} is ${found.dtype}[${found.shape}] and was asked for as ${dtype}[${shape}]`);
      return found;
    }
    const tensor: Tensor = { graph: this, shape, dtype, storage };
    known.set(name, tensor);
    return tensor;
  }
}
