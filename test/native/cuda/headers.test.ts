/** What the bindings declare of CUDA's libraries, against their own headers and libraries where these are installed. */

import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  ALGORITHM_BYTES,
  CUBLASLT,
  CUBLASLT_ERROR_STRING,
  CUBLASLT_PROTOTYPES,
  CUBLASLT_VERSION,
  describeCublasLt,
  HEURISTIC_RESULT,
} from '#minillm/native/cuda/cublaslt.js';
import { CUDA, DRIVER_PROTOTYPES, DRIVER_VERSION } from '#minillm/native/cuda/driver.js';
import { NVRTC, NVRTC_ERROR_STRING, NVRTC_PROTOTYPES, openNvrtc } from '#minillm/native/cuda/nvrtc.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const nvrtc = await openNvrtc().catch(() => undefined);
const cublasLt = await describeCublasLt().catch(() => undefined);
/** Where the headers may be: beside a library, or in the toolkit. */
const FOLDERS = [
  ...[nvrtc, cublasLt].flatMap((library) => (library ? [join(dirname(library.path), '../include')] : [])),
  join(process.env.CUDA_HOME ?? '/usr/local/cuda', 'include'),
  '/usr/include',
];

interface Checked {
  readonly header: string;
  readonly prototypes: readonly string[];
  readonly constants: Readonly<Record<string, number>>;
  /** Expressions that must be equal. */
  readonly sizes?: Readonly<Record<string, number>>;
}

const CHECKED: readonly Checked[] = [
  { header: 'cuda.h', prototypes: [...DRIVER_PROTOTYPES, DRIVER_VERSION], constants: CUDA },
  { header: 'nvrtc.h', prototypes: [...NVRTC_PROTOTYPES, NVRTC_ERROR_STRING], constants: NVRTC },
  {
    header: 'cublasLt.h',
    prototypes: [...CUBLASLT_PROTOTYPES, CUBLASLT_VERSION, CUBLASLT_ERROR_STRING],
    constants: CUBLASLT,
    sizes: {
      'sizeof(cublasLtMatmulAlgo_t)': ALGORITHM_BYTES,
      'sizeof(cublasLtMatmulHeuristicResult_t)': HEURISTIC_RESULT.bytes,
      'offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize)': HEURISTIC_RESULT.workspaceSize,
      'offsetof(cublasLtMatmulHeuristicResult_t, state)': HEURISTIC_RESULT.state,
    },
  },
];

const hasHeader = (header: string): boolean => FOLDERS.some((folder) => existsSync(join(folder, header)));

/** What a C compiler says of our declarations behind the real header; nothing if they agree. */
function compare({ header, prototypes, constants, sizes = {} }: Checked): string {
  const equal = Object.entries({ ...constants, ...sizes });
  const source = [
    '#include <stddef.h>',
    `#include <${header}>`,
    ...prototypes.map((each) => `${each};`),
    ...equal.map(([name, value]) => `_Static_assert((int)(${name}) == ${value}, ${JSON.stringify(name)});`),
  ].join('\n');
  const file = join(temporaryFolder(), 'compare.c');
  writeFileSync(file, source);
  const includes = FOLDERS.filter((folder) => existsSync(folder)).map((folder) => `-I${folder}`);
  return String(spawnSync('cc', ['-std=gnu11', '-fsyntax-only', ...includes, file]).stderr);
}

for (const checked of CHECKED)
  describe.skipIf(!hasHeader(checked.header))(checked.header, () => {
    test('has our prototypes, constants and sizes', () => {
      expect(compare(checked)).toBe('');
    });

    test('is not what they are compared with blindly: a wrong constant and a wrong type are found', () => {
      const [name, value] = Object.entries(checked.constants)[0] ?? ['', 0];
      expect(compare({ ...checked, constants: { [name]: value + 1 } })).toContain(`static assertion failed: "${name}"`);
      const [first = ''] = checked.prototypes;
      const wrong = first.replace(/\(/, '(double wrong, ');
      expect(compare({ ...checked, prototypes: [wrong] })).toMatch(
        /conflicting types|'void' must be the only parameter/,
      );
    });
  });

describe.skipIf(!nvrtc)('NVRTC', () => {
  test('compiles for a GPU that is not there, and for all that are supported', () => {
    const source = {
      name: 'x.cu',
      source: 'extern "C" __global__ void x(float *y) { *y = 1; }',
      headers: {},
      options: [],
    };
    for (const architecture of ['sm_80', 'sm_90a', 'sm_100']) {
      expect(nvrtc?.compile(source, architecture).subarray(0, 4)).toEqual(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46));
      expect(nvrtc?.compileToPtx(source, architecture)).toContain('.entry x(');
    }
    expect(nvrtc?.architectures).toEqual(expect.arrayContaining([80, 90]));
  });

  test('finds headers by name', () => {
    const source = {
      name: 'x.cu',
      source: '#include "a.h"\nextern "C" __global__ void x(float *y) { *y = A + B; }',
      headers: { 'a.h': '#include "b.h"\n#define A 1', 'b.h': '#define B 2' },
      options: ['-DC'],
    };
    expect(nvrtc?.compileToPtx(source, 'sm_80')).toMatch(/0f40400000|1077936128/);
  });

  test('says what is wrong with a source', () => {
    const source = { name: 'broken.cu', source: 'oops', headers: {}, options: [] };
    expect(() => nvrtc?.compile(source, 'sm_80')).toThrow(
      /^NVRTC could not compile broken\.cu for sm_80: .*\nbroken\.cu\(1\): error/,
    );
  });
});
