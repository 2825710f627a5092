/** @file What is declared here of NCCL and the CUDA driver, against their own headers and library where these are installed. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadNccl } from '#minillm/distributed/nccl/nccl.js';
import { findNccl } from '#minillm/distributed/nccl/nccl-library.js';
import { openNvrtc } from '#minillm/native/cuda/nvrtc.js';
import { compileGpus } from '../../stand-ins/gpus.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const SOURCES = new URL('../../../src/distributed/nccl/', import.meta.url);
const types = readFileSync(new URL('types.h', SOURCES), 'utf8');
const functions = readFileSync(new URL('functions.h', SOURCES), 'utf8');

const nccl = await findNccl().catch(() => undefined);
const ncclHeaders = [nccl && join(dirname(nccl.path), '../include'), nccl && dirname(nccl.path), '/usr/include'].find(
  (folder) => folder && existsSync(join(folder, 'nccl.h')),
);
const nvrtc = await openNvrtc().catch(() => undefined);
const toolkits = existsSync('/usr/local') ? readdirSync('/usr/local').filter((name) => name.startsWith('cuda')) : [];
const cudaHeaders = [process.env.CUDA_HOME ?? '', ...toolkits.map((name) => join('/usr/local', name)), '/usr']
  .map((folder) => join(folder, 'include'))
  // pip's, beside NVRTC
  .concat(nvrtc ? join(dirname(nvrtc.path), '../include') : [])
  .find((folder) => existsSync(join(folder, 'cuda.h')));

/** As much of CUDA's runtime as nccl.h needs. */
function runtimeShim(): string {
  const folder = join(temporaryFolder(), 'include');
  mkdirSync(folder);
  const runtime =
    '#pragma once\n#include <stddef.h>\n#define CUDART_VERSION 13000\ntypedef struct CUstream_st *cudaStream_t;\n';
  writeFileSync(join(folder, 'cuda_runtime.h'), runtime);
  for (const name of ['cuda_fp16.h', 'cuda_bf16.h']) writeFileSync(join(folder, name), '');
  return folder;
}

/** What a C compiler says about our constants and prototypes after the real header; nothing if they agree. */
function compare(header: string, folders: readonly string[], name: RegExp, declared: string): string {
  const constants = [...declared.matchAll(/\b(\w+) = (\d+)/g)].filter(([, constant]) => name.test(constant ?? ''));
  const prototypes = functions.match(/^\w[\w *]*\([^;]*;/gm)?.filter((each) => name.test(each.split('(')[0] ?? ''));
  expect(constants.length).toBeGreaterThan(2);
  expect(prototypes?.length).toBeGreaterThan(10);
  const source = [
    `#include <${header}>`,
    ...constants.map(([, constant, value]) => `_Static_assert(${constant} == ${value}, "${constant}");`),
    ...(prototypes ?? []),
  ].join('\n');
  const file = join(temporaryFolder(), 'compare.c');
  writeFileSync(file, source);
  const { stderr } = spawnSync('cc', ['-std=gnu11', '-fsyntax-only', ...folders.map((each) => `-I${each}`), file]);
  return String(stderr);
}

const NCCL_NAMES = /\bnccl/;
const CUDA_NAMES = /\b(cu[A-Z]|CU)/;

describe.skipIf(!ncclHeaders)('nccl.h', () => {
  const folders = (): string[] => [ncclHeaders ?? '', runtimeShim()];

  test('has our constants and prototypes', () => {
    expect(compare('nccl.h', folders(), NCCL_NAMES, types)).toBe('');
  });

  test('has our types', () => {
    const file = join(temporaryFolder(), 'sizes.c');
    const asserted = ['sizeof(ncclUniqueId) == 128', 'sizeof(ncclResult_t) == 4', 'sizeof(ncclDataType_t) == 4'];
    const source = ['#include <nccl.h>', ...asserted.map((each) => `_Static_assert(${each}, "${each}");`)].join('\n');
    writeFileSync(file, source);
    execFileSync('cc', ['-fsyntax-only', ...folders().map((each) => `-I${each}`), file]);
    const own = source.replace('<nccl.h>', JSON.stringify(new URL('types.h', SOURCES).pathname));
    writeFileSync(file, own);
    execFileSync('cc', ['-fsyntax-only', file]);
  });

  test('is not what it is compared with blindly: a wrong constant is found', () => {
    const wrong = types.replace('ncclFloat32 = 7', 'ncclFloat32 = 6');
    expect(compare('nccl.h', folders(), NCCL_NAMES, wrong)).toMatch(/static assertion failed: "ncclFloat32"/);
  });
});

test.skipIf(!cudaHeaders)('cuda.h has our constants and prototypes', () => {
  expect(compare('cuda.h', [cudaHeaders ?? ''], CUDA_NAMES, types)).toBe('');
});

describe.skipIf(!nccl)('the library of NCCL', () => {
  beforeEach(() => {
    vi.stubEnv('NCCL_COMM_ID', '');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('has our functions, and makes one id of one NCCL_COMM_ID', async () => {
    const loaded = await loadNccl(nccl?.path ?? '', await compileGpus());
    vi.stubEnv('NCCL_COMM_ID', '127.0.0.1:29501');
    const id = loaded.makeId();
    expect(loaded.makeId()).toEqual(id);
    vi.stubEnv('NCCL_COMM_ID', '127.0.0.1:29502');
    expect(loaded.makeId()).not.toEqual(id);
  });
});
