import { describe, expect, it } from 'vitest';
import { hasStandIn } from '../cuda.js';
import { openInterpreter } from '../ptx.js';
import { compileKernel } from './compile-kernel.js';

const SUM = `
extern "C" __global__ void sum(const float *x, float *y, int n) {
  __shared__ float parts[32];
  float s = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) s += x[i];
  for (int d = 16; d > 0; d /= 2) s += __shfl_xor_sync(~0u, s, d);
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = s;
  __syncthreads();
  if (threadIdx.x < 32) {
    s = threadIdx.x < blockDim.x / 32 ? parts[threadIdx.x] : 0;
    for (int d = 16; d > 0; d /= 2) s += __shfl_xor_sync(~0u, s, d);
    if (threadIdx.x == 0) y[blockIdx.x] = s;
  }
}`;

const TRANSPOSE = `
extern "C" __global__ void transpose(const float *x, float *y, int rows, int columns) {
  __shared__ float tile[32][33];
  int column = blockIdx.x * 32 + threadIdx.x, row = blockIdx.y * 32 + threadIdx.y;
  for (int i = 0; i < 32; i += 8)
    if (column < columns && row + i < rows) tile[threadIdx.y + i][threadIdx.x] = x[(row + i) * columns + column];
  __syncthreads();
  column = blockIdx.y * 32 + threadIdx.x, row = blockIdx.x * 32 + threadIdx.y;
  for (int i = 0; i < 32; i += 8)
    if (column < rows && row + i < columns) y[(row + i) * rows + column] = tile[threadIdx.x][threadIdx.y + i];
}`;

/** C[m][n] = sum of A[m][k]·B[k][n]: tiles of 64 × 64 × 32, in two stages that cp.async fills in turn. */
const PRODUCT = `
static __device__ __forceinline__ void copy16(void *to, const void *from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"(shared_address(to)), "l"(from));
}
extern "C" __global__ void __launch_bounds__(128) product(const uint16_t *a, const uint16_t *b, float *c, int n, int k) {
  __shared__ __align__(16) uint16_t as[2][64][40], bs[2][32][72];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  a += (long long)blockIdx.y * 64 * k, b += blockIdx.x * 64, c += (long long)blockIdx.y * 64 * n + blockIdx.x * 64;
  auto fetch = [&](int stage, int at) {
    for (int i = threadIdx.x; i < 256; i += 128) copy16(&as[stage][i / 4][i % 4 * 8], a + i / 4 * k + at + i % 4 * 8);
    for (int i = threadIdx.x; i < 256; i += 128) copy16(&bs[stage][i / 8][i % 8 * 8], b + (long long)(at + i / 8) * n + i % 8 * 8);
    asm volatile("cp.async.commit_group;");
  };
  float sum[8][4] = {};
  fetch(0, 0);
  for (int step = 0; step < k / 32; step++) {
    if (step + 1 < k / 32) {
      fetch((step + 1) % 2, (step + 1) * 32);
      asm volatile("cp.async.wait_group 1;");
    } else {
      asm volatile("cp.async.wait_group 0;");
    }
    __syncthreads();
    for (int kk = 0; kk < 32; kk += 16) {
      uint32_t x[4], y[2];
      uint32_t row = shared_address(&as[step % 2][warp * 16 + lane % 16][kk + lane / 16 * 8]);
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                   : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3]) : "r"(row));
      #pragma unroll
      for (int j = 0; j < 8; j++) {
        row = shared_address(&bs[step % 2][kk + lane % 16][j * 8]);
        asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];" : "=r"(y[0]), "=r"(y[1]) : "r"(row));
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                     : "+f"(sum[j][0]), "+f"(sum[j][1]), "+f"(sum[j][2]), "+f"(sum[j][3])
                     : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
      }
    }
    __syncthreads();
  }
  #pragma unroll
  for (int j = 0; j < 8; j++)
    for (int i = 0; i < 4; i++) c[(long long)(warp * 16 + lane / 4 + i / 2 * 8) * n + j * 8 + lane % 4 * 2 + i % 2] = sum[j][i];
}`;

/** The last block to finish sums what all have written: fences and an atomic counter order them. */
const LAST_BLOCK = `
__device__ unsigned finished;
extern "C" __global__ void last_block(const float *x, float *parts, float *y) {
  float s = x[blockIdx.x * 32 + threadIdx.x];
  for (int d = 16; d > 0; d /= 2) s += __shfl_xor_sync(~0u, s, d);
  if (threadIdx.x > 0) return;
  parts[blockIdx.x] = s;
  __threadfence();
  if (atomicAdd(&finished, 1) < gridDim.x - 1) return;
  __threadfence();
  s = 0;
  for (int i = 0; i < gridDim.x; i++) s += parts[i];
  *y = s;
}`;

describe.skipIf(!hasStandIn).each(['sm_80', 'sm_90a', 'sm_100'])('kernels compiled for %s', (architecture) => {
  it('sums', async () => {
    const { allocate, load } = await openInterpreter();
    const x = Float32Array.from({ length: 10_000 }, (_, i) => (i % 64) - 20);
    const y = allocate(3 * 4);
    const run = load(await compileKernel(SUM, architecture));
    run('sum', { grid: [3], block: [160], parameters: [allocate(x).address, y.address, x.length] });
    const parts = y.read(new Float32Array(3));
    expect(parts.reduce((a, b) => a + b)).toBe(x.reduce((a, b) => a + b));
  });

  it('transposes', async () => {
    const { allocate, load } = await openInterpreter();
    const [rows, columns] = [70, 45];
    const x = Float32Array.from({ length: rows * columns }, (_, i) => i);
    const y = allocate(x.byteLength);
    const run = load(await compileKernel(TRANSPOSE, architecture));
    run('transpose', { grid: [2, 3], block: [32, 8], parameters: [allocate(x).address, y.address, rows, columns] });
    const expected = Float32Array.from({ length: x.length }, (_, i) => (i % rows) * columns + Math.floor(i / rows));
    expect(y.read(new Float32Array(x.length))).toEqual(expected);
  });

  it('sums across blocks that an atomic counter orders', async () => {
    const { allocate, load } = await openInterpreter();
    const x = Float32Array.from({ length: 320 }, (_, i) => i);
    const y = allocate(4);
    const run = load(await compileKernel(LAST_BLOCK, architecture));
    run('last_block', { grid: [10], block: [32], parameters: [allocate(x).address, allocate(40).address, y.address] });
    expect(y.read(new Float32Array(1))[0]).toBe((319 * 320) / 2);
  });

  it('multiplies matrices on tensor cores, through two stages of shared memory', async () => {
    const { allocate, load } = await openInterpreter();
    const [m, n, k] = [128, 192, 96];
    const a = Float32Array.from({ length: m * k }, (_, i) => ((i * 7) % 13) - 6);
    const b = Float32Array.from({ length: k * n }, (_, i) => ((i * 5) % 17) - 8);
    const c = allocate(m * n * 4);
    const run = load(await compileKernel(PRODUCT, architecture));
    const parameters = [allocate(toBf16(a)).address, allocate(toBf16(b)).address, c.address, n, k];
    run('product', { grid: [n / 64, m / 64], block: [128], parameters });
    const expected = new Float32Array(m * n);
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) for (let l = 0; l < k; l++) expected[i * n + j]! += a[i * k + l]! * b[l * n + j]!;
    expect(c.read(new Float32Array(m * n))).toEqual(expected);
  });
});

/** The upper halves of floats that bf16 can hold. */
function toBf16(values: Float32Array): Uint16Array {
  return Uint16Array.from(new Uint32Array(values.buffer), (bits) => bits >>> 16);
}
