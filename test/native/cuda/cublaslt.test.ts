import { describe, expect, test, vi } from 'vitest';
import { type CublasLt, type ElementType, openCublasLt, type ProductShape } from '#minillm/native/cuda/cublaslt.js';
import { type OpenGpu, openGpu } from '../../stand-ins/cuda/open-gpu.js';

const [M, N, K] = [24, 40, 72];
/** Of results, relative to the largest: the rounding of their own type, and of fp32 sums. */
const TOLERANCES: Readonly<Record<ElementType, number>> = { float32: 1e-6, bfloat16: 2 ** -8 };
const WORKSPACE = 2 ** 16;

/** Values that bf16 holds. */
function values(count: number, seed: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => (((i + seed) * 7919) % 63) / 32 - 1);
}

function encode(of: Float64Array, type: ElementType): ArrayBufferView {
  const floats = Float32Array.from(of);
  return type === 'float32' ? floats : Uint16Array.from(new Uint32Array(floats.buffer), (bits) => bits >>> 16);
}

function decode(gpu: OpenGpu, address: number, count: number, type: ElementType): Float64Array {
  if (type === 'float32') return Float64Array.from(gpu.download(address, new Float32Array(count)));
  const bits = Uint32Array.from(gpu.download(address, new Uint16Array(count)), (half) => half << 16);
  return Float64Array.from(new Float32Array(bits.buffer));
}

/** Row-major rows × columns, as its transpose lies in memory. */
function transposed(of: Float64Array, rows: number, columns: number): Float64Array {
  return of.map((_, i) => of[(i % rows) * columns + Math.floor(i / rows)] ?? 0);
}

function product(a: Float64Array, b: Float64Array): Float64Array {
  const d = new Float64Array(M * N);
  for (let i = 0; i < M; i++)
    for (let j = 0; j < N; j++) for (let l = 0; l < K; l++) d[i * N + j]! += a[i * K + l]! * b[l * N + j]!;
  return d;
}

function expectClose(actual: Float64Array, expected: Float64Array, type: ElementType): void {
  const largest = Math.max(...expected.map(Math.abs));
  const difference = Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] ?? 0))));
  expect(difference / largest).toBeLessThan(TOLERANCES[type]);
}

interface Opened {
  readonly gpu: OpenGpu;
  readonly blas: CublasLt;
}

async function open(): Promise<Opened> {
  const gpu = await openGpu();
  return { gpu, blas: await openCublasLt() };
}

interface Places {
  readonly a: number;
  readonly b: number;
  readonly d: number;
  readonly bias?: number;
}

/** Runs a product by the first way that is offered. */
function run({ gpu, blas }: Opened, shape: ProductShape, places: Places, accumulate = false): void {
  const prepared = blas.prepare(shape);
  const [way] = prepared.algorithms(8, WORKSPACE);
  if (!way) throw new TypeError('expected a way to compute the product');
  const workspace = gpu.driver.allocate(WORKSPACE);
  prepared.run({ ...places, workspace, workspaceBytes: WORKSPACE, stream: gpu.stream }, way, accumulate);
  prepared.destroy();
}

/** A plain product of row-major matrices that lie without gaps. */
function shapeOf(type: ElementType): ProductShape {
  return { m: M, n: N, k: K, a: { type, stride: K }, b: { type, stride: N }, d: { type, stride: N } };
}

const [A, B] = [values(M * K, 1), values(K * N, 2)];

describe.each(['float32', 'bfloat16'] as const)('products of %s', (type) => {
  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('with A transposed: %s, B transposed: %s', async (aTransposed, bTransposed) => {
    const opened = await open();
    const { gpu } = opened;
    const shape: ProductShape = {
      ...shapeOf(type),
      a: { type, stride: aTransposed ? M : K, transposed: aTransposed },
      b: { type, stride: bTransposed ? K : N, transposed: bTransposed },
    };
    const a = gpu.upload(encode(aTransposed ? transposed(A, M, K) : A, type));
    const b = gpu.upload(encode(bTransposed ? transposed(B, K, N) : B, type));
    const d = gpu.driver.allocate(4 * M * N);
    run(opened, shape, { a, b, d });
    expectClose(decode(gpu, d, M * N, type), product(A, B), type);
  });

  test('are added to what is there', async () => {
    const opened = await open();
    const { gpu } = opened;
    const there = values(M * N, 3);
    const [a, b] = [gpu.upload(encode(A, type)), gpu.upload(encode(B, type))];
    const d = gpu.upload(encode(there, type));
    run(opened, shapeOf(type), { a, b, d }, true);
    const expected = product(A, B).map((value, i) => value + (there[i] ?? 0));
    expectClose(decode(gpu, d, M * N, type), expected, type);
  });

  test('get a bias for each column', async () => {
    const opened = await open();
    const { gpu } = opened;
    const each = values(N, 4);
    const [a, b, bias] = [A, B, each].map((of) => gpu.upload(encode(of, type))) as [number, number, number];
    const d = gpu.driver.allocate(4 * M * N);
    run(opened, { ...shapeOf(type), biasType: type }, { a, b, d, bias });
    const expected = product(A, B).map((value, i) => value + (each[i % N] ?? 0));
    expectClose(decode(gpu, d, M * N, type), expected, type);
  });

  test('leave what lies between rows as it is', async () => {
    const opened = await open();
    const { gpu } = opened;
    const [aStride, bStride, dStride] = [K + 8, N + 16, N + 24];
    const spread = (of: Float64Array, columns: number, stride: number): Float64Array =>
      Float64Array.from({ length: (of.length / columns) * stride }, (_, i) =>
        i % stride < columns ? (of[Math.floor(i / stride) * columns + (i % stride)] ?? 0) : 0.5,
      );
    const a = gpu.upload(encode(spread(A, K, aStride), type));
    const b = gpu.upload(encode(spread(B, N, bStride), type));
    const d = gpu.upload(encode(new Float64Array(M * dStride).fill(0.5), type));
    const layouts = { a: { type, stride: aStride }, b: { type, stride: bStride }, d: { type, stride: dStride } };
    run(opened, { m: M, n: N, k: K, ...layouts }, { a, b, d });
    const result = decode(gpu, d, M * dStride, type);
    expectClose(result, spread(product(A, B), N, dStride), type);
    expect(result.filter((_, i) => i % dStride >= N).every((value) => value === 0.5)).toBe(true);
  });
});

test('bf16 matrices give an fp32 product', async () => {
  const opened = await open();
  const { gpu } = opened;
  const [a, b] = [gpu.upload(encode(A, 'bfloat16')), gpu.upload(encode(B, 'bfloat16'))];
  const d = gpu.driver.allocate(4 * M * N);
  run(opened, { ...shapeOf('bfloat16'), d: { type: 'float32', stride: N } }, { a, b, d });
  expectClose(decode(gpu, d, M * N, 'float32'), product(A, B), 'float32');
});

describe('ways to compute a product', () => {
  test('all sum in fp32, also where the result is bf16', async () => {
    const opened = await open();
    const { gpu, blas } = opened;
    // 256 + 1 is 256 in bf16, and 256 + 4 is 260
    const row = Float64Array.from({ length: K }, (_, i) => (i === 0 ? 256 : i % 16 === 0 ? 1 : 0));
    const first = Float64Array.from({ length: M * K }, (_, i) => row[i % K] ?? 0);
    const a = gpu.upload(encode(first, 'bfloat16'));
    const b = gpu.upload(encode(new Float64Array(K * N).fill(1), 'bfloat16'));
    const [d, workspace] = [gpu.driver.allocate(2 * M * N), gpu.driver.allocate(WORKSPACE)];
    const prepared = blas.prepare(shapeOf('bfloat16'));
    const ways = prepared.algorithms(8, WORKSPACE);
    expect(ways.length).toBeGreaterThan(1);
    for (const way of ways) {
      prepared.run({ a, b, d, workspace, workspaceBytes: WORKSPACE, stream: gpu.stream }, way, false);
      expect(new Set(decode(gpu, d, M * N, 'bfloat16'))).toEqual(new Set([260]));
    }
    prepared.destroy();
  });

  test('keep to the workspace that there is', async () => {
    const { blas } = await open();
    const prepared = blas.prepare(shapeOf('float32'));
    expect(prepared.algorithms(8, WORKSPACE).length).toBeGreaterThan(1);
    expect(prepared.algorithms(1, WORKSPACE)).toHaveLength(1);
    for (const { workspaceBytes } of prepared.algorithms(8, 0)) expect(workspaceBytes).toBe(0);
    prepared.destroy();
  });

  test.each([
    ['a bias of another type than the result', { biasType: 'bfloat16' }],
    ['a bf16 result of fp32 matrices', { d: { type: 'bfloat16', stride: N } }],
  ] as const)('do not exist for %s', async (_, change) => {
    const { blas } = await open();
    expect(blas.prepare({ ...shapeOf('float32'), ...change }).algorithms(8, WORKSPACE)).toEqual([]);
  });
});

describe('a product', () => {
  test('at places that are not aligned is refused', async () => {
    const opened = await open();
    const { gpu } = opened;
    const [a, b, d] = [gpu.upload(4 * M * K + 8), gpu.upload(4 * K * N), gpu.upload(4 * M * N)];
    expect(() => run(opened, shapeOf('float32'), { a: a + 4, b, d })).toThrow(
      /^cuBLASLt failed in cublasLtMatmul: the requested functionality is not supported/,
    );
  });

  test.each([
    ['reads what nobody has written', 4 * M * K, /cublasLtMatmul: the second matrix is read in column 0, where nobody/],
    [
      'reads past the end of an allocation',
      encode(A.subarray(1), 'float32'),
      /of the second matrix \(.*\) is not in one/,
    ],
  ])('that %s breaks the GPU', async (_, contents, message) => {
    const opened = await open();
    const { gpu } = opened;
    const b = gpu.upload(encode(B, 'float32'));
    run(opened, shapeOf('float32'), { a: gpu.upload(contents), b, d: gpu.driver.allocate(4 * M * N) });
    expect(() => gpu.driver.synchronize(gpu.stream)).toThrow(message);
  });

  test('is captured, and computed anew in each launch', async () => {
    const opened = await open();
    const { gpu, blas } = opened;
    const { driver, stream } = gpu;
    const [a, b] = [gpu.upload(encode(A, 'float32')), gpu.upload(encode(B, 'float32'))];
    const d = gpu.upload(encode(new Float64Array(M * N), 'float32'));
    const prepared = blas.prepare(shapeOf('float32'));
    const [way] = prepared.algorithms(1, 0);
    if (!way) throw new TypeError('expected a way to compute the product');
    driver.beginCapture(stream);
    prepared.run({ a, b, d, workspace: 0, workspaceBytes: 0, stream }, way, true);
    const graph = driver.endCapture(stream);
    prepared.destroy();
    for (let launch = 0; launch < 3; launch++) driver.launchGraph(graph, stream);
    const expected = product(A, B).map((value) => 3 * value);
    expectClose(decode(gpu, d, M * N, 'float32'), expected, 'float32');
  });
});

test('without cuBLASLt the error says what to install', async () => {
  vi.stubEnv('MINILLM_CUBLASLT', '/nowhere');
  await expect(openCublasLt()).rejects.toThrow(
    /^expected libcublasLt\.so\.13 or libcublasLt\.so\.12 in \/nowhere\/lib, .* found none; install it \(pip install nvidia-cublas/,
  );
  vi.unstubAllEnvs();
});
