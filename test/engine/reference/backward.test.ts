/** @file The analytic gradients that kernels are measured by, themselves measured by finite differences. */

import { describe, test } from 'vitest';
import { expectClose } from '../comparison.ts';
import { integers, normal } from '../values.ts';
import { attention, attentionBackward } from './attention.ts';
import { crossEntropy, crossEntropyBackward } from './cross-entropy.ts';
import { embedding, embeddingBackward } from './embedding.ts';
import { dot, finiteDifferences } from './finite-differences.ts';
import { gelu, geluDerivative } from './gelu.ts';
import { layerNorm, layerNormBackward } from './layer-norm.ts';
import { linear, linearBackward, linearGelu, linearGeluBackward } from './linear.ts';

/** What central differences with a step of 1e-5 leave: about 1e-10 of values near 1. */
const TOLERANCE = 1e-8;

type Tensors = Readonly<Record<string, Float64Array>>;

/** Expects the gradient of Σ weights·f(inputs) with respect to each named input. */
function expectGradients<Inputs extends Tensors>(
  inputs: Inputs,
  weights: Float64Array,
  forward: (inputs: Inputs) => Float64Array,
  gradients: Partial<Record<keyof Inputs & string, Float64Array>>,
): void {
  for (const [name, gradient] of Object.entries<Float64Array | undefined>(gradients)) {
    const loss = (moved: Float64Array) => dot(weights, forward({ ...inputs, [name]: moved }));
    const differences = finiteDifferences(loss, inputs[name] ?? new Float64Array());
    expectClose(gradient ?? new Float64Array(), differences, TOLERANCE, `d${name}`);
  }
}

describe('analytic gradients are those of finite differences', () => {
  test('gelu', () => {
    const x = normal(50, 'x', 2);
    expectGradients(
      { x },
      x.map(() => 1),
      ({ x: moved }) => gelu(moved),
      { x: geluDerivative(x) },
    );
  });

  test('linear, with and without GELU', () => {
    const inputs = { x: normal(5 * 6, 'x'), w: normal(6 * 4, 'w'), b: normal(4, 'b') };
    const dy = normal(5 * 4, 'dy');
    for (const [forward, backward] of [
      [linear, linearBackward],
      [linearGelu, linearGeluBackward],
    ] as const) {
      const { dx, dw, db } = backward(inputs, dy);
      expectGradients(inputs, dy, forward, { x: dx, w: dw, b: db });
    }
  });

  test('layer norm, of the normalised output and of the stream', () => {
    const inputs = {
      x: normal(5 * 6, 'x'),
      branch: normal(5 * 6, 'branch'),
      weight: normal(6, 'weight'),
      bias: normal(6, 'bias'),
    };
    const [dnormed, dstream] = [normal(5 * 6, 'dnormed'), normal(5 * 6, 'dstream')];
    const { dx, dweight, dbias } = layerNormBackward(inputs, dnormed, dstream, 1e-5);
    const both = (moved: typeof inputs) => {
      const { normed, stream } = layerNorm(moved, 1e-5);
      return Float64Array.from([...normed, ...stream]);
    };
    const weights = Float64Array.from([...dnormed, ...dstream]);
    expectGradients(inputs, weights, both, { x: dx, branch: dx, weight: dweight, bias: dbias });
  });

  test('attention', () => {
    const shape = { B: 2, T: 5, H: 2, D: 3 };
    const [qkv, dout] = [normal(2 * 5 * 18, 'qkv'), normal(2 * 5 * 6, 'dout')];
    const forward = (moved: { qkv: Float64Array }) => attention(moved.qkv, shape);
    expectGradients({ qkv }, dout, forward, { qkv: attentionBackward(qkv, dout, shape) });
  });

  test('embedding', () => {
    const indices = { tokens: integers(9, 0, 4, 'tokens'), positions: integers(9, 0, 5, 'positions') };
    const inputs = { wte: normal(4 * 3, 'wte'), wpe: normal(5 * 3, 'wpe') };
    const dx = normal(9 * 3, 'dx');
    const { dwte, dwpe } = embeddingBackward(indices, dx, { V: 4, P: 5, C: 3 });
    const forward = ({ wte, wpe }: typeof inputs) => embedding(indices, wte, wpe, 3);
    expectGradients(inputs, dx, forward, { wte: dwte, wpe: dwpe });
  });

  test('cross-entropy, with ignored targets', () => {
    const targets = Float64Array.of(0, 6, -1, 3, 3);
    const inputs = { x: normal(5 * 4, 'x'), wte: normal(7 * 4, 'wte') };
    const { dx, dwte } = crossEntropyBackward({ ...inputs, targets }, 0.25);
    const forward = (moved: typeof inputs) => crossEntropy({ ...moved, targets });
    expectGradients(
      inputs,
      targets.map(() => 0.25),
      forward,
      { x: dx, wte: dwte },
    );
  });
});
