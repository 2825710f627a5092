/** @file Linear layers on the GPU: products of cuBLASLt, which in bf16 read copies of the weights. */

import type { Node } from '../../../engine/graph.ts';
import { input, output, updated } from '../../../engine/operation.ts';
import { elements, extent, type Tensor } from '../../../engine/tensor.ts';
import type { CudaOperation, Matrix, Product, Step } from '../operation.ts';
import { applyGelu, convert } from './elementwise.ts';
import { GRADIENT_ROWS, gradientLaunch, gradientPartialBytes, sumsLaunch } from './linear-gradient.ts';
import { bytesOf, isBfloat16, matrix, maxRowsOf, partition, rowsOf, scratch } from './steps.ts';

/** The weight as the product reads it: itself, or a copy in the workspace that `convert` makes first. */
function weightFor(weight: Tensor, isCopied: boolean, byteOffset: number, transposed = false): Matrix {
  return isCopied ? scratch(byteOffset, 'bfloat16', extent(weight, 1), transposed) : matrix(weight, { transposed });
}

function linearParts(node: Node) {
  const [x, weight, bias] = [input(node), input(node, 1), node.inputs[2]];
  const copied = (tensor: Tensor | undefined): number =>
    isBfloat16(x) && tensor ? bytesOf(elements(tensor.shape), 'bfloat16') : 0;
  return partition({ weight: copied(weight), bias: copied(bias) });
}

export const linear: CudaOperation = {
  workspace: (node) => {
    const { bytes, offsets } = linearParts(node);
    return { bytes, sizes: { biasOffset: offsets.bias / bytesOf(1, 'bfloat16') } };
  },
  steps: (node, active) => {
    const [x, weight, bias] = [input(node), input(node, 1), node.inputs[2]];
    const [y, preactivation] = [output(node), node.outputs[1]];
    const isCopied = isBfloat16(x);
    const { offsets } = linearParts(node);
    const n = extent(weight, 1);
    const steps: Step[] = [];
    if (isCopied) {
      steps.push(convert('linear_convert_weight', elements(weight.shape)));
      if (bias) steps.push(convert('linear_convert_bias', n));
    }
    const product: Product = {
      kind: 'product',
      m: rowsOf(active),
      n,
      k: extent(weight, 0),
      a: matrix(x),
      b: weightFor(weight, isCopied, offsets.weight),
      d: matrix(preactivation ?? y),
    };
    if (!bias) steps.push(product);
    else if (isCopied)
      steps.push({ ...product, bias: { place: scratch(offsets.bias, 'bfloat16', n).place, dtype: 'bfloat16' } });
    else steps.push({ ...product, bias: { place: { of: bias }, dtype: 'float32' } });
    if (preactivation) steps.push(applyGelu('linear_gelu', rowsOf(active) * n, y.dtype));
    return steps;
  },
};

/** Whether the gradient of a layer's product is another tensor than that of its output. */
const differs = (gradient: Tensor, preactivation: Tensor | undefined, product: Tensor): boolean =>
  preactivation !== undefined || gradient.dtype !== product.dtype;

function backwardInputParts(node: Node) {
  const [gradient, preactivation, weight] = [input(node), node.inputs[1], input(node, 2)];
  const dx = output(node);
  return partition({
    weight: isBfloat16(dx) ? bytesOf(elements(weight.shape), 'bfloat16') : 0,
    gradient: differs(gradient, preactivation, dx) ? bytesOf(elements(gradient.shape), dx.dtype) : 0,
  });
}

export const linearBackwardInput: CudaOperation = {
  workspace: (node) => {
    const { bytes, offsets } = backwardInputParts(node);
    const gradientOffset = offsets.gradient / bytesOf(1, output(node).dtype);
    return { bytes, sizes: { gradientOffset, gradientRows: GRADIENT_ROWS } };
  },
  steps: (node, active) => {
    const [gradient, preactivation, weight] = [input(node), node.inputs[1], input(node, 2)];
    const dx = output(node);
    const { offsets } = backwardInputParts(node);
    const rows = rowsOf(active);
    const k = extent(weight, 1);
    const isMade = differs(gradient, preactivation, dx);
    const steps: Step[] = [];
    if (isBfloat16(dx)) steps.push(convert('linear_backward_input_convert', elements(weight.shape)));
    if (isMade) steps.push(gradientLaunch('linear_backward_input_gradient', rows, gradient, preactivation, dx.dtype));
    steps.push({
      kind: 'product',
      m: rows,
      n: extent(weight, 0),
      k,
      a: isMade ? scratch(offsets.gradient, dx.dtype, k) : matrix(gradient),
      b: weightFor(weight, isBfloat16(dx), offsets.weight, true),
      d: matrix(dx),
    });
    return steps;
  },
};

function backwardWeightParts(node: Node) {
  const [x, gradient, preactivation] = [input(node), input(node, 1), node.inputs[2]];
  return partition({
    partial: gradientPartialBytes(maxRowsOf(gradient), extent(gradient, -1)),
    gradient: differs(gradient, preactivation, x) ? bytesOf(elements(gradient.shape), x.dtype) : 0,
  });
}

export const linearBackwardWeight: CudaOperation = {
  workspace: (node) => {
    const { bytes, offsets } = backwardWeightParts(node);
    const isMade = differs(input(node, 1), node.inputs[2], input(node));
    const gradientOffset = isMade ? offsets.gradient / bytesOf(1, 'float32') : 0;
    return { bytes, sizes: { gradientOffset, gradientRows: GRADIENT_ROWS } };
  },
  steps: (node, active) => {
    const [x, gradient, preactivation] = [input(node), input(node, 1), node.inputs[2]];
    const [dw, db] = [updated(node), node.updates[1]];
    const { offsets } = backwardWeightParts(node);
    const rows = rowsOf(active);
    const n = extent(dw, 1);
    const isMade = differs(gradient, preactivation, x);
    const steps: Step[] = [];
    if (isMade || db)
      steps.push(
        gradientLaunch('linear_backward_weight_gradient', rows, gradient, preactivation, isMade ? x.dtype : undefined),
      );
    if (db) steps.push(sumsLaunch('linear_backward_weight_bias', rows, n));
    steps.push({
      kind: 'product',
      m: extent(dw, 0),
      n,
      k: rows,
      a: matrix(x, { transposed: true }),
      b: isMade ? scratch(offsets.gradient, x.dtype, n) : matrix(gradient),
      d: matrix(dw),
      accumulate: true,
    });
    return steps;
  },
};
