/** @file The rate of matrix products that utilisation is measured against: the maker's figure, else what a large product reaches. */

import { BYTES_PER_ELEMENT, type Precision } from '../../engine/tensor.ts';
import type { CudaDevice } from './device.ts';
import type { Product } from './operation.ts';
import type { Products } from './products.ts';

/** Dense bf16 products in FLOP/s, from NVIDIA's data sheets; the first name that is part of the GPU's counts. */
const BF16_PEAKS: readonly (readonly [name: RegExp, flops: number])[] = [
  [/H100 PCIe/, 756e12],
  [/H100 NVL/, 835e12],
  [/\b(H100|H200|H800|GH200)\b/, 989e12],
  [/\b(B200|GB200)\b/, 2250e12],
  [/\bA(100|800)\b/, 312e12],
  [/\bA40\b/, 150e12],
  [/\bA30\b/, 165e12],
  [/\bA10G?\b/, 125e12],
  [/\bL40S\b/, 362e12],
  [/\bL4\b/, 121e12],
];

/** Sides of the square matrices that are multiplied, until one product takes long enough to be measured. */
const SIZES = [512, 1024, 2048, 4096, 8192];
const ENOUGH_SECONDS = 0.002;
const RUNS = 5;

/** Dense matrix-product rate in FLOP/s. */
export async function measurePeak(device: CudaDevice, products: Products, precision: Precision): Promise<number> {
  const known = BF16_PEAKS.find(([name]) => name.test(device.properties.name));
  if (precision === 'bf16' && known) return known[1];
  let rate = 0;
  for (const size of SIZES) {
    const seconds = await secondsOf(size, device, products, precision);
    rate = (2 * size ** 3) / seconds;
    if (seconds > ENOUGH_SECONDS) break;
  }
  return rate;
}

/** How long a product of two square matrices takes. */
async function secondsOf(size: number, device: CudaDevice, products: Products, precision: Precision): Promise<number> {
  const { driver, stream } = device;
  const dtype = precision === 'bf16' ? 'bfloat16' : 'float32';
  const bytes = size * size * BYTES_PER_ELEMENT[dtype];
  const places = [device.allocate(bytes), device.allocate(bytes), device.allocate(bytes)];
  const [start, end] = [driver.createEvent({ timing: true }), driver.createEvent({ timing: true })];
  try {
    const [a = 0, b = 0, d = 0] = places;
    for (const place of places) driver.fill(place, 0, bytes, stream);
    const matrix = { place: { of: 'workspace' }, dtype, stride: size } as const;
    const product: Product = { kind: 'product', m: size, n: size, k: size, a: matrix, b: matrix, d: matrix };
    const { run } = products.choose(product, { a, b, bias: 0 }, 'measured');
    run({ a, b, d }, false);
    driver.record(start, stream);
    for (let i = 0; i < RUNS; i++) run({ a, b, d }, false);
    driver.record(end, stream);
    await device.finish();
    return driver.milliseconds(start, end) / 1000 / RUNS;
  } finally {
    for (const place of places) driver.free(place);
    driver.destroyEvent(start);
    driver.destroyEvent(end);
  }
}
