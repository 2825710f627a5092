/** @file What the CUDA backend knows of an operation: the launches and matrix products that compute it. */

import type { Node } from '../../engine/graph.ts';
import type { NamedNumbers } from '../../engine/operation.ts';
import type { DType, Tensor } from '../../engine/tensor.ts';

/** Batch rows and length of a run. */
export interface Extents {
  readonly batch: number;
  readonly length: number;
}

/** The scratch memory of a node, and the size arguments that go with it. */
export interface Workspace {
  readonly bytes: number;
  readonly sizes: NamedNumbers;
}

/** Where something lies on the device: in a tensor, or in the node's scratch memory. */
export interface Place {
  readonly of: Tensor | 'workspace';
  readonly byteOffset?: number;
}

/** One launch of a function of `kernels/OPERATION.cu`. */
export interface Launch {
  readonly kind: 'launch';
  /** The `__global__` function. */
  readonly function: string;
  /** Blocks in x, y and z. */
  readonly grid: readonly [x: number, y?: number, z?: number];
  /** Threads of a block. */
  readonly block: number;
  /** Bytes of dynamic shared memory; none if left out. */
  readonly sharedBytes?: number;
  /** Size arguments of this launch alone, by name: the first row of a slice. */
  readonly sizes?: NamedNumbers;
  /** Bytes of memory that it must move, each read and written once; if left out, those of the node's tensors. */
  readonly traffic?: number;
}

/** A row-major matrix. */
export interface Matrix {
  readonly place: Place;
  readonly dtype: DType;
  /** Elements from one row to the next. */
  readonly stride: number;
  /** Whether the product reads its transpose. */
  readonly transposed?: boolean;
}

/** D = A·B, or D += A·B: A is m × k, B is k × n, D is m × n; products of bf16 are summed in fp32. */
export interface Product {
  readonly kind: 'product';
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Matrix;
  readonly b: Matrix;
  readonly d: Matrix;
  /** Whether the product is added to D. */
  readonly accumulate?: boolean;
  /** float32 or D's type, [n]: added to each row of D. */
  readonly bias?: { readonly place: Place; readonly dtype: DType };
}

/** Fills memory with zeros. */
export interface Clear {
  readonly kind: 'clear';
  readonly place: Place;
  readonly bytes: number;
}

export type Step = Launch | Product | Clear;

/** How an operation runs on a GPU. */
export interface CudaOperation {
  /** Scratch memory at full extents; none if left out. */
  workspace?(node: Node): Workspace;
  /** The steps of one run, in order, for the extents that are active in it. */
  steps(node: Node, active: Extents): readonly Step[];
}
