import { describe, expect, it } from 'vitest';
import { hasStandIn } from '../cuda.js';
import { type Launch, openInterpreter } from '../ptx.js';
import { compileKernel } from './compile-kernel.js';

const N = 64;

/** Runs a kernel `defect(const float *x, float *y)` on N numbers. */
async function run(source: string, launch: Partial<Launch> = {}): Promise<void> {
  const { allocate, load } = await openInterpreter();
  const parameters = [allocate(new Float32Array(N)).address, allocate(N * 4).address];
  load(await compileKernel(source))('defect', { block: [N], parameters, ...launch });
}

const kernel = (body: string): string => `extern "C" __global__ void defect(const float *x, float *y) {\n${body}\n}`;

/** What is said of a kernel with this body. Line 2 of the source is the body's first. */
const defects: Record<string, { body: string; says: RegExp; launch?: Partial<Launch> }> = {
  'a read beyond the end': {
    body: 'y[threadIdx.x] = x[threadIdx.x + 1];',
    says: /^defect: block \(0,0,0\) thread \(63,0,0\) at ld\.global\S* \(PTX line \d+, test\.cu:2\): reads 4 bytes at 0x[0-9a-f]+ of global memory, which lie in no allocation$/,
  },
  'a write before the beginning': {
    body: 'y[(int)threadIdx.x - 1] = x[threadIdx.x];',
    says: /thread \(0,0,0\) at st\.global\S* .*test\.cu:2.*writes 4 bytes .* in no allocation/,
  },
  'a vector that is not aligned': {
    body: 'if (threadIdx.x < 8) ((float4 *)y)[threadIdx.x] = *(const float4 *)(x + threadIdx.x);',
    says: /thread \(1,0,0\) at ld\.global\S*v4\S* .*16 bytes at .* not a multiple of 16/,
  },
  'a vector half beyond the end': {
    body: 'if (threadIdx.x == 0) y[0] = (*(const float2 *)(x + 62)).x + (*(const float4 *)((const char *)x + 256 - 16 + 16)).x;',
    says: /in no allocation/,
  },
  'a read of what nobody has written': {
    body: 'y[threadIdx.x] = x[threadIdx.x] + y[63 - threadIdx.x];',
    says: /thread \(0,0,0\) at ld\.global.*\(252 bytes into its allocation\), which nobody has written/,
  },
  'a read of shared memory that nobody has written': {
    body: '__shared__ float s[64]; if (threadIdx.x != 5) s[threadIdx.x] = 1;\n__syncthreads();\ny[threadIdx.x] = s[63 - threadIdx.x];',
    says: /thread \(58,0,0\) at ld\.shared.*test\.cu:4.*reads byte 0x14 of shared memory, which nobody has written/,
  },
  'a read of a local variable that was not set': {
    body: 'float a[8];\n#pragma unroll 1\nfor (int i = 0; i < 7; i++) a[(i + (int)x[0]) % 8] = i;\ny[threadIdx.x] = a[7 - (int)x[threadIdx.x]];',
    says: /reads byte 0x1c of local memory, which the thread has not written/,
  },
  'an index beyond dynamic shared memory': {
    body: 'extern __shared__ float s[]; s[threadIdx.x] = x[threadIdx.x];',
    says: /thread \(32,0,0\) at st\.shared.*4 bytes at 0x80 of shared memory, which has 128 bytes/,
    launch: { shared: 128 },
  },
  'a missing barrier': {
    body: '__shared__ float s[64]; s[threadIdx.x] = x[threadIdx.x];\ny[threadIdx.x] = s[threadIdx.x ^ 32];',
    says: /thread \((0|32),0,0\) at .*(race on shared memory|which nobody has written)/,
  },
  'a missing barrier before shared memory is written again': {
    body: `__shared__ float s[64];
      for (int i = 0; i < 2; i++) {
        s[threadIdx.x] = x[threadIdx.x] + i;
        __syncthreads();
        y[threadIdx.x] = s[threadIdx.x ^ 32];
      }`,
    says: /race on shared memory: reads byte 0x80, which thread \(32,0,0\) wrote at st\.shared.*test\.cu:4.*with no barrier between them/,
  },
  'lanes that exchange through shared memory without __syncwarp': {
    body: '__shared__ float s[64]; s[threadIdx.x] = x[threadIdx.x];\ny[threadIdx.x] = s[threadIdx.x ^ 1];',
    says: /race on shared memory: reads byte 0x4, which thread \(1,0,0\) wrote at st\.shared.*with no __syncwarp or barrier/,
  },
  'two threads that write one place': {
    body: '__shared__ float s[64]; s[threadIdx.x / 2] = threadIdx.x;\n__syncthreads();\ny[threadIdx.x] = s[threadIdx.x / 2];',
    says: /race on shared memory: writes where thread \(1,0,0\) writes something else with the same instruction/,
  },
  'a barrier that half of a warp skips': {
    body: 'if (threadIdx.x % 32 < 16) __syncthreads();\ny[threadIdx.x] = x[threadIdx.x];',
    says: /bar.*diverged.*thread \(16,0,0\).*ended/,
  },
  'a barrier that one warp skips': {
    body: 'if (threadIdx.x < 32) __syncthreads();\ny[threadIdx.x] = x[threadIdx.x];',
    says: /thread \(0,0,0\) at bar\S* .*test\.cu:2.*diverged barrier: waits for warp 1, whose thread \(32,0,0\) has ended at/,
  },
  'an exchange that some lanes do not come to': {
    body: 'float s = x[threadIdx.x];\nif (threadIdx.x != 3) s += __shfl_xor_sync(~0u, s, 1);\nelse asm volatile("bar.warp.sync 0xffffffff;");\ny[threadIdx.x] = s;',
    says: /diverged: waits for thread \(\d+,0,0\), which waits at/,
  },
  'a value taken from a lane that takes no part': {
    body: 'float s = x[threadIdx.x]; if (threadIdx.x % 32 < 16) s = __shfl_xor_sync(0xffff, s, 16); y[threadIdx.x] = s;',
    says: /takes a value from lane 16, which does not take part/,
  },
  'a missing wait for a copy': {
    body: `__shared__ float s[64];
      asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" :: "r"(shared_address(s + threadIdx.x)), "l"(x + threadIdx.x));
      asm volatile("cp.async.commit_group;");
      __syncthreads();
      y[threadIdx.x] = s[threadIdx.x];`,
    says: /at ld\.shared.*test\.cu:6.*the copy of thread \(32,0,0\) at cp\.async\S* .*test\.cu:3\) is still under way: its wait is missing/,
  },
  'a wait for one group too few': {
    body: `__shared__ float s[128];
      for (int i = 0; i < 2; i++) {
        asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" :: "r"(shared_address(s + i * 64 + threadIdx.x)), "l"(x + threadIdx.x));
        asm volatile("cp.async.commit_group;");
      }
      asm volatile("cp.async.wait_group 1;");
      __syncthreads();
      y[threadIdx.x] = s[63 - threadIdx.x] + s[127 - threadIdx.x];`,
    says: /reads byte 0x17c of shared memory, to which the copy .* is still under way/,
  },
  'a copy that is waited for but not shared by a barrier': {
    body: `__shared__ float s[64];
      asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" :: "r"(shared_address(s + threadIdx.x)), "l"(x + threadIdx.x));
      asm volatile("cp.async.wait_all;");
      y[threadIdx.x] = s[threadIdx.x ^ 1];`,
    says: /race on shared memory: reads byte 0x4, which thread \(1,0,0\) wrote/,
  },
  'a row of ldmatrix that is not aligned': {
    body: `__shared__ __align__(16) float s[1024];
      for (int i = threadIdx.x; i < 1024; i += 64) s[i] = 0;
      __syncthreads();
      unsigned r;
      asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(r) : "r"(shared_address(s + threadIdx.x % 8 * 5)));
      y[threadIdx.x] = r;`,
    says: /at ldmatrix.*a row at 0x14 of shared memory, which is not a multiple of 16/,
  },
  'a matrix product without some lanes': {
    body: `float d[4] = {}; unsigned a = 0;
      if (threadIdx.x % 32 != 7)
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%4,%4,%4}, {%4,%4}, {%0,%1,%2,%3};"
                     : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a));
      y[threadIdx.x] = d[0];`,
    says: /at mma\.sync\S* .*all lanes of the warp must take part/,
  },
  'two blocks that write one place': {
    body: 'y[threadIdx.x] = x[threadIdx.x] + blockIdx.x;',
    says: /block \(1,0,0\) thread \(0,0,0\) at st\.global.*race on global memory: writes 0x\w+, which block \(0,0,0\) thread \(0,0,0\) wrote at st\.global/,
    launch: { grid: [2] },
  },
  'a block that reads what another writes': {
    body: 'if (blockIdx.x == 0) y[threadIdx.x] = 1;\nelse y[64 - 1 - threadIdx.x] += 1;',
    says: /block \(1,0,0\) thread \(0,0,0\) at ld\.global.*race on global memory: reads .*block \(0,0,0\) thread \(63,0,0\) wrote/,
    launch: { grid: [2] },
  },
  'a block that writes what another has read': {
    body: 'float s = x[threadIdx.x];\nif (blockIdx.x == 1) ((float *)x)[threadIdx.x] = s + 1;\nelse y[threadIdx.x] = s;',
    says: /block \(1,0,0\) thread \(0,0,0\) at st\.global.*race on global memory: writes .*, which threads of other blocks read/,
    launch: { grid: [2] },
  },
  'threads that exchange through global memory without a barrier': {
    body: 'y[threadIdx.x] = x[threadIdx.x];\nx = y;\nfloat s = ((volatile const float *)x)[threadIdx.x ^ 32];\nif (s > 5) y[0] = s;',
    says: /race on global memory: reads .*, which block \(0,0,0\) thread \(\d+,0,0\) wrote|which nobody has written/,
  },
  'a loop without an end': {
    body: 'volatile float *z = y; z[threadIdx.x] = 0; while (z[threadIdx.x] == 0) {}',
    says: /does not end: more than \d+ instructions/,
  },
  'an assertion': {
    body: 'if (x[threadIdx.x] == 0) __trap();',
    says: /at trap .*gives up/,
  },
};

describe.skipIf(!hasStandIn)('a kernel with a defect', () => {
  it.each(Object.entries(defects))('%s is found', async (_, { body, says, launch }) => {
    await expect(run(kernel(body), launch)).rejects.toThrow(says);
  });

  it('more threads than the kernel is compiled for are refused', async () => {
    const source = 'extern "C" __global__ void __launch_bounds__(32) defect(const float *x, float *y) { y[0] = x[0]; }';
    await expect(run(source)).rejects.toThrow('defect: a launch with blocks of 64 threads, of which it may have 32');
  });

  it('more shared memory than any GPU has is refused', async () => {
    const launch = { shared: 228 * 1024 };
    await expect(run(kernel(''), launch)).rejects.toThrow(
      /233472 bytes of shared memory, of which a block may have 232448/,
    );
  });
});
