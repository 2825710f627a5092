/** @file Small CUDA kernels for tests of the interpreter, compiled by the real NVRTC. */

import { openNvrtc } from '#minillm/native/cuda/nvrtc.js';

const PRELUDE = `
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
static __device__ __forceinline__ uint32_t shared_address(const void *p) { return (uint32_t)__cvta_generic_to_shared(p); }
`;

/** PTX of a source text, with line numbers counted from its first line. */
export async function compileKernel(source: string, architecture = 'sm_80'): Promise<string> {
  const nvrtc = await openNvrtc();
  const options = ['-lineinfo', '-std=c++17'];
  return nvrtc.compileToPtx(
    { name: 'test.cu', source: `${PRELUDE}#line 1 "test.cu"\n${source}`, headers: {}, options },
    architecture,
  );
}
