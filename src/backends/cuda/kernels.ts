/** @file The kernels of the CUDA backend: sources compiled by NVRTC for the GPU that was found, cached, and loaded when needed. */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Precision } from '../../engine/tensor.ts';
import type { Driver } from '../../native/cuda/driver.ts';
import type { CudaSource, Nvrtc } from '../../native/cuda/nvrtc.ts';
import { BUILD_PREFIX, findKept, keep, removeStale } from '../../native/kept-library.ts';
import { cacheFolder, writableCacheFolder } from '../../support/cache.ts';
import { UserError } from '../../support/errors.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../../support/temporary-folder.ts';
import { type KernelField, parseFields } from '../kernel-arguments.ts';

const SOURCES = new URL('./kernels/', import.meta.url);
const OPTIONS = ['--std=c++17', '--device-as-default-execution-space'];
const EXTENSION = '.cubin';

/** The kernels of an operation. */
export interface OperationKernels {
  readonly fields: readonly KernelField[];
  /** The handle of a function; it may ask for that much dynamic shared memory. */
  function(name: string, sharedBytes: number): number;
}

/** `sm_90a`: on Hopper and newer with the instructions that only this architecture has. */
export function architectureOf(computeCapability: number): string {
  return `sm_${computeCapability}${computeCapability >= 90 ? 'a' : ''}`;
}

/** The names of the operations that have kernels. */
export function kernelNames(): string[] {
  return readdirSync(SOURCES)
    .filter((file) => file.endsWith('.cu'))
    .map((file) => file.slice(0, -'.cu'.length))
    .sort();
}

/** An operation's source as NVRTC takes it. */
export function kernelSource(name: string, precision: Precision): CudaSource {
  const headers = readdirSync(SOURCES).filter((file) => file.endsWith('.h'));
  return {
    name: `${name}.cu`,
    source: text(`${name}.cu`),
    headers: Object.fromEntries(headers.sort().map((file) => [file, text(file)])),
    options: [...OPTIONS, ...(precision === 'bf16' ? ['-DACT_BF16'] : [])],
  };
}

const text = (file: string): string => readFileSync(new URL(file, SOURCES), 'utf8');

/** The fields that a source declares with ARGUMENTS. */
export function declaredFields(name: string, source: string): KernelField[] {
  const bare = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  const [, struct] = new RegExp(`\\bARGUMENTS\\(${name},\\s*(\\{[^}]*\\})\\s*\\)`).exec(bare) ?? [];
  if (struct === undefined) throw new TypeError(`${name}.cu declares no ARGUMENTS(${name}, …)`);
  return parseFields(struct);
}

/** Compiles what the cache lacks. */
export async function openKernels(driver: Driver, nvrtc: Nvrtc, computeCapability: number, precision: Precision) {
  const architecture = architectureOf(computeCapability);
  if (!nvrtc.architectures.includes(computeCapability))
    throw new UserError(
      `expected an NVRTC that knows ${architecture}, found ${nvrtc.version} (${nvrtc.path}), which does not; install a newer one (pip install --upgrade nvidia-cuda-nvrtc)`,
    );
  const images = new Map<string, Uint8Array>();
  for (const name of kernelNames()) {
    const source = kernelSource(name, precision);
    images.set(name, await compiled(source, architecture, nvrtc));
  }
  const modules: number[] = [];
  const operations = new Map<string, OperationKernels>();

  const load = (name: string): OperationKernels => {
    const image = images.get(name);
    if (!image) throw new TypeError(`the CUDA backend has no kernel ${name}.cu`);
    const module = driver.loadModule(image);
    modules.push(module);
    const functions = new Map<string, { readonly handle: number; sharedBytes: number }>();
    return {
      fields: declaredFields(name, text(`${name}.cu`)),
      function(functionName, sharedBytes) {
        let known = functions.get(functionName);
        if (!known) {
          known = { handle: driver.functionOf(module, functionName), sharedBytes: 0 };
          functions.set(functionName, known);
        }
        if (sharedBytes > known.sharedBytes) {
          driver.allowSharedBytes(known.handle, sharedBytes);
          known.sharedBytes = sharedBytes;
        }
        return known.handle;
      },
    };
  };

  return {
    of(name: string): OperationKernels {
      const operation = operations.get(name) ?? load(name);
      operations.set(name, operation);
      return operation;
    },
    close(): void {
      for (const module of modules) driver.unloadModule(module);
    },
  };
}

export type Kernels = Awaited<ReturnType<typeof openKernels>>;

/** A cubin from the cache, made now unless it is there. */
async function compiled(source: CudaSource, architecture: string, nvrtc: Nvrtc): Promise<Uint8Array> {
  const parts = [source, architecture, nvrtc.version, nvrtc.path];
  const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
  const stem = `${source.name.replace(/\.cu$/, '')}-${architecture}-${key}`;
  const kept = await findKept(await cacheFolder(), stem, EXTENSION);
  if (kept) return readFile(kept);
  const folder = await writableCacheFolder(`kernels for this GPU (${architecture})`);
  const image = nvrtc.compile(source, architecture);
  await removeStale(folder);
  const place = await makeTemporaryFolder(join(folder, BUILD_PREFIX));
  try {
    const made = join(place, source.name);
    await writeFile(made, image);
    await keep(made, folder, stem, EXTENSION);
  } finally {
    if (existsSync(place)) removeTemporaryFolder(place);
  }
  return image;
}
