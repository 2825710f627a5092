/** @file What the steps of operations are written with. */

import { BYTES_PER_ELEMENT, byteLength, type DType, elements, type Tensor } from '../../../engine/tensor.ts';
import type { Extents, Launch, Matrix } from '../operation.ts';

export const WARP = 32;
/** Threads of a block whose work needs no certain number. */
export const THREADS = 256;
/** Threads of the largest block. */
export const MAX_THREADS = 1024;

/** Every part of a workspace begins at a multiple of this many bytes. */
const ALIGNMENT = 256;

export const ceilDivide = (count: number, size: number): number => Math.ceil(count / size);
export const alignUp = (count: number, alignment: number): number => ceilDivide(count, alignment) * alignment;

/** Active rows N. */
export const rowsOf = ({ batch, length }: Extents): number => batch * length;

/** The most rows that a tensor [..., C] can have. */
export const maxRowsOf = ({ shape }: Tensor): number => elements(shape.slice(0, -1));

export function launch(name: string, grid: Launch['grid'], block: number, rest: Partial<Launch> = {}): Launch {
  return { kind: 'launch', function: name, grid, block, ...rest };
}

/** A launch whose blocks of `THREADS` threads take `each` elements a thread. */
export function launchOver(name: string, count: number, each: number, rest: Partial<Launch> = {}): Launch {
  return launch(name, [ceilDivide(count, each * THREADS)], THREADS, rest);
}

/** Whole warps with a thread for each of `count` items, as far as a block goes. */
export const threadsFor = (count: number): number => Math.min(MAX_THREADS, Math.max(WARP, alignUp(count, WARP)));

/** Parts of a workspace, one after another: the bytes of each by name become its offset, with the sum of all. */
export function partition<Name extends string>(
  parts: Readonly<Record<Name, number>>,
): { readonly bytes: number; readonly offsets: Readonly<Record<Name, number>> } {
  let bytes = 0;
  const offsets = {} as Record<Name, number>;
  for (const name of Object.keys(parts) as Name[]) {
    offsets[name] = bytes;
    bytes = alignUp(bytes + parts[name], ALIGNMENT);
  }
  return { bytes, offsets };
}

/** A tensor as a matrix whose rows are its last axis. */
export function matrix(tensor: Tensor, options: { row?: number; transposed?: boolean } = {}): Matrix {
  const { row = 0, transposed = false } = options;
  const stride = tensor.shape.at(-1) ?? 1;
  const byteOffset = row * stride * BYTES_PER_ELEMENT[tensor.dtype];
  return { place: { of: tensor, byteOffset }, dtype: tensor.dtype, stride, transposed };
}

/** A matrix in the workspace. */
export function scratch(byteOffset: number, dtype: DType, stride: number, transposed = false): Matrix {
  return { place: { of: 'workspace', byteOffset }, dtype, stride, transposed };
}

export const bytesOf = (count: number, dtype: DType): number => byteLength({ shape: [count], dtype });

export const isBfloat16 = (tensor: Tensor): boolean => tensor.dtype === 'bfloat16';
