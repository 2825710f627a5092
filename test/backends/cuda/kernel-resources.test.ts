/**
 * Every kernel compiled for the GPUs that matter by the real NVRTC, and, where there is a ptxas, what each takes of a multiprocessor:
 * a few registers more, or a spill, and a kernel that waits for memory is slower, which no other test sees.
 */

import { execFile, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { openNvrtc } from '#minillm/native/cuda/nvrtc.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const run = promisify(execFile);

interface Budget {
  readonly registers: number;
  /** Bytes. */
  readonly spills?: number;
}

/** What a kernel may take: of 64 registers a multiprocessor has enough for 1024 threads. */
const USUAL: Budget = { registers: 64 };

/** Those that keep much in registers, by kernel. */
const BUDGETS: Readonly<Record<string, Budget>> = {
  // sixteen columns of two sums and a weight each, beside the row
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

const FOLDER = new URL('../../../src/backends/cuda/kernels/', import.meta.url);
const files = readdirSync(FOLDER);
const textOf = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');
const headers = Object.fromEntries(files.filter((name) => name.endsWith('.h')).map((name) => [name, textOf(name)]));
const sources = files.filter((name) => name.endsWith('.cu'));

const nvrtc = await openNvrtc().catch(() => undefined);
const architectures = ['sm_80', 'sm_90a', 'sm_100'];
const ptxas = nvrtc && findPtxas(nvrtc.path);

function findPtxas(nvrtcPath: string): string | undefined {
  const candidates = ['ptxas', join(dirname(nvrtcPath), '../bin/ptxas')];
  return candidates.find((path) => spawnSync(path, ['--version']).status === 0);
}

interface Resources {
  readonly registers: number;
  readonly spills: number;
  readonly shared: number;
}

/** What `ptxas -v` says of each kernel. */
function parseResources(report: string): Map<string, Resources> {
  const number = (pattern: RegExp, text: string): number => Number(pattern.exec(text)?.[1] ?? 0);
  return new Map(
    report
      .split("Compiling entry function '")
      .slice(1)
      .map((text) => [
        text.slice(0, text.indexOf("'")),
        {
          registers: number(/Used (\d+) registers/, text),
          spills: number(/(\d+) bytes spill stores/, text),
          shared: number(/(\d+) bytes smem/, text),
        },
      ]),
  );
}

describe.runIf(nvrtc)('kernels', () => {
  const cases = sources.flatMap((name) => ['fp32', 'bf16'].map((precision) => [name, precision] as const));

  test.each(cases)('%s in %s compiles for every GPU, within its registers', async (name, precision) => {
    for (const architecture of architectures) {
      const options = precision === 'bf16' ? ['-DACT_BF16'] : [];
      const ptx = nvrtc?.compileToPtx({ name, source: textOf(name), headers, options }, architecture) ?? '';
      expect(ptx).toContain(`.target ${architecture}`);
      if (!ptxas) continue;
      const file = join(temporaryFolder('minillm-ptx-'), `${name}.ptx`);
      writeFileSync(file, ptx);
      const { stderr } = await run(ptxas, ['-v', `-arch=${architecture}`, file, '-o', '/dev/null']);
      const resources = parseResources(stderr);
      expect(resources.size).toBeGreaterThan(0);
      for (const [kernel, { registers, spills, shared }] of resources) {
        const budget = BUDGETS[kernel] ?? USUAL;
        const what = `${kernel} for ${architecture}`;
        expect(registers, `registers of ${what}`).toBeLessThanOrEqual(budget.registers);
        expect(spills, `bytes that ${what} spills`).toBeLessThanOrEqual(budget.spills ?? 0);
        expect(shared, `bytes of shared memory of ${what}`).toBeLessThanOrEqual(SHARED_BYTES);
      }
    }
  });
});
