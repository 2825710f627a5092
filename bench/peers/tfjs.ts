/**
 * @file The forward product of a linear layer by TensorFlow.js in WebAssembly, as bench/gemm.ts but without its bias: `--installed` is
 * a folder in which its packages were installed. In Node it has one thread. Its products with a transposed matrix, which the
 * gradients are, are plain loops, and left out: they take minutes.
 */

import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { median } from '#minillm/support/median.js';
import { workArguments } from '../arguments.ts';
import { randomValues } from '../model.ts';
import { reportParts } from '../report.ts';

interface Tensor {
  dispose(): void;
}

/** As much of @tensorflow/tfjs-core as is used here; it is no dependency. */
interface TensorFlow {
  setBackend(name: string): Promise<boolean>;
  tensor2d(values: Float32Array, shape: readonly [number, number]): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
}

const { batch, length, columns, runs, installed } = workArguments();
const [columnsIn, columnsOut] = columns;
const rows = batch * length;
const load = createRequire(join(resolve(installed), 'package.json'));
const tensorFlow = load('@tensorflow/tfjs-core') as TensorFlow;
load('@tensorflow/tfjs-backend-wasm');
if (!(await tensorFlow.setBackend('wasm'))) throw new Error('TensorFlow.js has no WebAssembly here');

const random = (first: number, second: number): Tensor =>
  tensorFlow.tensor2d(randomValues(first * second), [first, second]);
const [x, weight] = [random(rows, columnsIn), random(columnsIn, columnsOut)];

const rates: number[] = [];
for (let run = -1; run < runs; run++) {
  const start = performance.now();
  const product = tensorFlow.matMul(x, weight);
  const seconds = (performance.now() - start) / 1000;
  if (run >= 0) rates.push((2 * rows * columnsIn * columnsOut) / seconds / 1e9);
  product.dispose();
}
reportParts([{ part: 'forward', value: median(rates), unit: 'GFLOP/s' }]);
