/**
 * @file The roofline: the most multiply-adds a second that the processor makes in registers, and the rate at which it reads
 * memory. What the other works are a share of. `--input` names one of the two; without it, both on one thread and on all.
 */

import { detectVariant } from '#minillm/backends/cpu/libraries.js';
import { VARIANT_FLAGS } from '#minillm/backends/cpu/variants.js';
import { compileLibrary } from '#minillm/native/compile.js';
import { openLibrary } from '#minillm/native/library.js';
import { workArguments } from './arguments.ts';
import { type Result, reportParts } from './report.ts';

/** Far more than any cache holds. */
const AREA_BYTES = 768 * 2 ** 20;
const PASSES = 8;

const { threads: most, precision, input } = workArguments();
const path = await compileLibrary({
  name: 'roofline',
  folder: new URL('../bench/roofline/', import.meta.url),
  sources: ['fma.c', 'bandwidth.c'],
  flags: ['-O3', '-std=gnu11', '-ffp-contract=fast', ...VARIANT_FLAGS[await detectVariant()]],
});
const library = openLibrary(path);
const rate = {
  fp32: library.function('double roofline_fp32(int32_t threads)'),
  bf16: library.function('double roofline_bf16(int32_t threads)'),
};
const read = library.function('double roofline_read(int32_t threads, int64_t length, int32_t passes)');

const named = (what: string, threads: number): string => `${what}, ${threads} thread${threads === 1 ? '' : 's'}`;
const arithmetic = (of: 'fp32' | 'bf16', threads: number): Result => {
  return { part: named(`multiply-adds ${of}`, threads), value: rate[of](threads) / 1e9, unit: 'GFLOP/s' };
};
const reading = (threads: number): Result => {
  return { part: named('reading memory', threads), value: read(threads, AREA_BYTES, PASSES) / 1e9, unit: 'GB/s' };
};

if (input === 'bytes') reportParts([reading(most)]);
else if (input === 'flops') {
  const inPrecision = arithmetic(precision, most);
  reportParts([inPrecision.value > 0 ? inPrecision : arithmetic('fp32', most)]);
} else {
  const all = [...new Set([1, most])].flatMap((threads) => [
    arithmetic('fp32', threads),
    arithmetic('bf16', threads),
    reading(threads),
  ]);
  reportParts(all.filter(({ value }) => value > 0));
}
