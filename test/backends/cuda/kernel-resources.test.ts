/**
 * Every kernel compiled for the GPUs that matter by the real NVRTC, and what each takes of a multiprocessor: a few registers more, or a
 * spill, and a kernel that waits for memory is slower, which no other test sees.
 */

import { describe, expect, test } from 'vitest';
import { kernelNames, kernelSource } from '#minillm/backends/cuda/kernels.js';
import { openNvrtc } from '#minillm/native/cuda/nvrtc.js';

interface Budget {
  readonly registers: number;
  /** Bytes. */
  readonly spills?: number;
}

/** What a kernel may take: of 64 registers a multiprocessor has enough for 1024 threads. */
const USUAL: Budget = { registers: 64 };

/** Those that keep much in registers, by kernel or by how its name begins. */
const BUDGETS: Readonly<Record<string, Budget>> = {
  // tiles of scores and of sums: no more than two blocks of 128 threads need fit
  attention_: { registers: 255 },
  // tiles of 16 rows a warp: three such blocks, two for the widest heads
  cached_attention_: { registers: 168 },
  cached_attention_prefill_128: { registers: 224 },
  segment_attention_: { registers: 168 },
  segment_attention_128: { registers: 224 },
  // all rows of a share on their way: five blocks of 128 threads
  cached_attention_decode_64: { registers: 102 },
  // twelve columns of two sums and a weight each, beside the row
  layer_norm_backward_wide: { registers: 128 },
  // gradients of four rows on their way, eight columns each
  linear_backward_bias_gradient: { registers: 96 },
  linear_backward_input_gradient: { registers: 80 },
  linear_backward_weight_gradient: { registers: 96 },
  // rows times columns of sums
  ...Object.fromEntries(
    ['logits', 'packed_linear', 'packed_logits'].flatMap((name): [string, Budget][] => [
      [`${name}_4`, { registers: 72 }],
      [`${name}_8`, { registers: 128, spills: 8 }],
    ]),
  ),
};

/** Static shared memory that any GPU gives a block. */
const SHARED_BYTES = 48 * 1024;

/** The compilations: one for each GPU as it trains, and one in fp32. */
const COMPILATIONS = [
  { precision: 'bf16', architecture: 'sm_80' },
  { precision: 'bf16', architecture: 'sm_90a' },
  { precision: 'bf16', architecture: 'sm_100' },
  { precision: 'fp32', architecture: 'sm_90a' },
] as const;

const nvrtc = await openNvrtc().catch(() => undefined);

interface Resources {
  readonly registers: number;
  /** Bytes. */
  readonly spills: number;
  readonly shared: number;
}

/** What the assembler says of each kernel. */
function parseResources(report: string): [kernel: string, Resources][] {
  const number = (pattern: RegExp, text: string): number => Number(pattern.exec(text)?.[1]);
  return report
    .split("Compiling entry function '")
    .slice(1)
    .map((text) => [
      text.slice(0, text.indexOf("'")),
      {
        registers: number(/Used (\d+) registers/, text),
        spills: number(/(\d+) bytes spill stores/, text),
        // not reported where there is none
        shared: Number(/(\d+) bytes smem/.exec(text)?.[1] ?? 0),
      },
    ]);
}

function budgetOf(kernel: string): Budget {
  const begins = Object.keys(BUDGETS).find((name) => name.endsWith('_') && kernel.startsWith(name));
  return BUDGETS[kernel] ?? BUDGETS[begins ?? ''] ?? USUAL;
}

describe.runIf(nvrtc).each(COMPILATIONS)('for $architecture in $precision', ({ precision, architecture }) => {
  test.each(kernelNames())('%s.cu compiles, and stays within its registers', (name) => {
    const source = kernelSource(name, precision);
    const options = [...source.options, '--ptxas-options=-v'];
    const report = nvrtc?.report({ ...source, options }, architecture) ?? '';
    expect(report).toContain(`' for '${architecture}'`);
    const all = parseResources(report);
    expect(all).not.toEqual([]);
    for (const [kernel, { registers, spills, shared }] of all) {
      const budget = budgetOf(kernel);
      expect(registers, `registers of ${kernel}`).toBeLessThanOrEqual(budget.registers);
      expect(spills, `bytes that ${kernel} spills`).toBeLessThanOrEqual(budget.spills ?? 0);
      expect(shared, `bytes of shared memory of ${kernel}`).toBeLessThanOrEqual(SHARED_BYTES);
    }
  });
});
