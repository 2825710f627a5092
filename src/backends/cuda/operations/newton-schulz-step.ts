/**
 * @file A step of a Newton–Schulz iteration on the GPU: for each matrix the products x·xᵀ, (c·G + b·I)·G and that times x,
 * of the smaller side. They are float32 in either precision: an update is few of them beside a step's.
 */

import type { Node } from '../../../engine/graph.ts';
import { input, output } from '../../../engine/operation.ts';
import { extent, type Tensor } from '../../../engine/tensor.ts';
import type { CudaOperation, Matrix, Product, Step } from '../operation.ts';
import { bytesOf, launchOver, scratch } from './steps.ts';

/** Elements that a thread takes (newton_schulz_step.cu). */
const ELEMENTS = 4;

function sizesOf(node: Node) {
  const [parts, rows, columns] = [extent(input(node), 0), extent(input(node), 1), extent(input(node), 2)];
  return { parts, rows, columns, side: Math.min(rows, columns), isTall: rows > columns };
}

/** Buffers of the workspace, each of a square matrix for each part. */
function squaresOf(node: Node) {
  const { parts, side } = sizesOf(node);
  const bytes = bytesOf(parts * side * side, 'float32');
  return { gram: 0, mixed: bytes, polynomial: 2 * bytes, bytes: 3 * bytes };
}

export const newtonSchulzStep: CudaOperation = {
  workspace: (node) => ({ bytes: squaresOf(node).bytes, sizes: {} }),
  steps: (node) => {
    const { parts, rows, columns, side, isTall } = sizesOf(node);
    const offsets = squaresOf(node);
    const each = Array.from({ length: parts }, (_, part) => part);
    const whole = (tensor: Tensor, part: number, transposed = false): Matrix => ({
      place: { of: tensor, byteOffset: bytesOf(part * rows * columns, 'float32') },
      dtype: 'float32',
      stride: columns,
      transposed,
    });
    const square = (offset: number, part: number): Matrix =>
      scratch(offset + bytesOf(part * side * side, 'float32'), 'float32', side);
    const product = (m: number, n: number, k: number, a: Matrix, b: Matrix, d: Matrix): Product => ({
      kind: 'product',
      m,
      n,
      k,
      a,
      b,
      d,
    });
    const [x, y] = [input(node), output(node)];
    const squareTraffic = { traffic: 2 * bytesOf(parts * side * side, 'float32') };
    const steps: Step[] = each.map((part) =>
      product(
        side,
        side,
        isTall ? rows : columns,
        whole(x, part, isTall),
        whole(x, part, !isTall),
        square(offsets.gram, part),
      ),
    );
    steps.push(launchOver('newton_schulz_step_mix', parts * side * side, ELEMENTS, squareTraffic));
    for (const part of each)
      steps.push(
        product(
          side,
          side,
          side,
          square(offsets.mixed, part),
          square(offsets.gram, part),
          square(offsets.polynomial, part),
        ),
      );
    steps.push(launchOver('newton_schulz_step_scale', parts * rows * columns, ELEMENTS));
    for (const part of each) {
      const polynomial = square(offsets.polynomial, part);
      const [a, b] = isTall ? [whole(x, part), polynomial] : [polynomial, whole(x, part)];
      steps.push({ ...product(rows, columns, side, a, b, whole(y, part)), accumulate: true });
    }
    return steps;
  },
};
