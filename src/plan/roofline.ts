/** @file The time of a node from the rates of its hardware and the shares that a program gets of them. */

import type { Precision } from '../engine/tensor.ts';
import type { Hardware } from './hardware.ts';
import type { Software } from './software.ts';
import type { NodeSeconds } from './step-time.ts';

/**
 * Arithmetic and then memory: within a product, tiles are read before and written after they are multiplied, and little of that
 * overlaps when the inner extent is that of a GPT-2. Element-wise operations cost their traffic alone.
 */
export function rooflineSeconds(hardware: Hardware, software: Software, precision: Precision): NodeSeconds {
  const productsIn = (of: Precision) => hardware.products[of] * software.products;
  const products = productsIn(precision);
  const attention = hardware.products[precision] * software.attention;
  const bandwidth = hardware.memoryBandwidth * software.memory;
  const rates = {
    products,
    head: products,
    attention,
    memory: Number.POSITIVE_INFINITY,
    communication: Number.POSITIVE_INFINITY,
  };
  return ({ kind, isFloat32, flops, traffic }) =>
    flops / (isFloat32 ? productsIn('fp32') : rates[kind]) + traffic / bandwidth + hardware.launch;
}
