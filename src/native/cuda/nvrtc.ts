/** @file The door to NVRTC, which compiles CUDA C++ for a GPU, whether or not there is one. */

import { readdirSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { UserError } from '../../support/errors.ts';
import {
  declareTypes,
  type NativeArgument,
  type NativeFunction,
  type NativeLibrary,
  openLibrary,
  terminated,
  withTexts,
} from '../library.ts';
import { findNvidiaLibrary, type WantedLibrary } from './find-library.ts';

export const NVRTC_TYPES = { nvrtcResult: 'int32_t', nvrtcProgram: 'int64_t' } as const;

/** NVRTC's functions as nvrtc.h declares them. A test compiles them against the header. */
export const NVRTC_PROTOTYPES = [
  'nvrtcResult nvrtcVersion(int *major, int *minor)',
  'nvrtcResult nvrtcGetNumSupportedArchs(int *count)',
  'nvrtcResult nvrtcGetSupportedArchs(int *architectures)',
  'nvrtcResult nvrtcCreateProgram(nvrtcProgram *program, const char *source, const char *name, int headerCount, const char * const *headers, const char * const *includeNames)',
  'nvrtcResult nvrtcCompileProgram(nvrtcProgram program, int optionCount, const char * const *options)',
  'nvrtcResult nvrtcDestroyProgram(nvrtcProgram *program)',
  'nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram program, size_t *bytes)',
  'nvrtcResult nvrtcGetProgramLog(nvrtcProgram program, char *log)',
  'nvrtcResult nvrtcGetCUBINSize(nvrtcProgram program, size_t *bytes)',
  'nvrtcResult nvrtcGetCUBIN(nvrtcProgram program, char *cubin)',
  'nvrtcResult nvrtcGetPTXSize(nvrtcProgram program, size_t *bytes)',
  'nvrtcResult nvrtcGetPTX(nvrtcProgram program, char *ptx)',
] as const;

export const NVRTC_ERROR_STRING = 'const char *nvrtcGetErrorString(nvrtcResult result)';

/** Constants of nvrtc.h, by their names there. */
export const NVRTC = { NVRTC_SUCCESS: 0, NVRTC_ERROR_COMPILATION: 6 } as const;

const WANTED: WantedLibrary = {
  names: ['libnvrtc.so.13', 'libnvrtc.so.12'],
  variable: 'MINILLM_NVRTC',
  pipFolders: ['cu13/lib', 'cuda_nvrtc/lib'],
  install:
    'install it (pip install nvidia-cuda-nvrtc for a driver of 580 or newer, nvidia-cuda-nvrtc-cu12 for an older one; or the CUDA toolkit), or let MINILLM_NVRTC name the file',
};

type Name<Prototype extends string> = Prototype extends `nvrtcResult ${infer Function}(${string}` ? Function : never;
type NvrtcFunction = Name<(typeof NVRTC_PROTOTYPES)[number]>;

export interface CudaSource {
  /** What messages call it: `layer_norm.cu`. */
  readonly name: string;
  readonly source: string;
  /** What it may include, by name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly options: readonly string[];
}

export interface Nvrtc {
  readonly path: string;
  /** `13.0` */
  readonly version: string;
  /** The compute capabilities it compiles for: 90 is 9.0. */
  readonly architectures: readonly number[];
  /**
   * Compiles for one GPU.
   * @param architecture `sm_90a`
   * @returns a cubin
   * @throws Error with NVRTC's own messages.
   */
  compile(source: CudaSource, architecture: string): Uint8Array;
  /** The same, as PTX. */
  compileToPtx(source: CudaSource, architecture: string): string;
  /** The log of NVRTC and its assembler: with the option `--ptxas-options=-v`, what each kernel takes of a multiprocessor. */
  report(source: CudaSource, architecture: string): string;
}

/**
 * @param newest the newest major version whose kernels the driver can load
 * @throws UserError when NVRTC is missing.
 */
export async function openNvrtc(newest?: number): Promise<Nvrtc> {
  const path = await findNvidiaLibrary(WANTED, newest);
  // where the loader has found it, the loader finds them too
  if (isAbsolute(path)) openBuiltins(dirname(path));
  declareTypes(NVRTC_TYPES);
  const library = openLibrary(path);
  const functions = Object.fromEntries(
    NVRTC_PROTOTYPES.map((prototype) => [/(\w+)\(/.exec(prototype)?.[1], library.function(prototype)]),
  ) as Record<NvrtcFunction, NativeFunction>;
  const errorText = library.textFunction(NVRTC_ERROR_STRING);
  const call = (name: NvrtcFunction, ...args: readonly NativeArgument[]): void => {
    const status = functions[name](...args);
    if (status !== NVRTC.NVRTC_SUCCESS) throw new UserError(`NVRTC failed in ${name}: ${errorText(status)} (${path})`);
  };
  /** What a pair of functions gives, one the size, the other the bytes. */
  const contents = (size: NvrtcFunction, get: NvrtcFunction, program: number): Uint8Array => {
    const bytes = new BigInt64Array(1);
    call(size, program, bytes);
    const result = new Uint8Array(Number(bytes[0]));
    call(get, program, result);
    return result;
  };

  const build = (
    { name, source, headers, options }: CudaSource,
    architecture: string,
    size: NvrtcFunction,
    get: NvrtcFunction,
  ): Uint8Array => {
    const handle = new BigInt64Array(1);
    const [names, texts] = [Object.keys(headers), Object.values(headers)];
    withTexts(texts, (headerTexts) =>
      withTexts(names, (includeNames) =>
        call(
          'nvrtcCreateProgram',
          handle,
          terminated(source),
          terminated(name),
          names.length,
          headerTexts,
          includeNames,
        ),
      ),
    );
    const program = Number(handle[0]);
    try {
      const all = [`--gpu-architecture=${architecture}`, ...options];
      const status = withTexts(all, (address) => functions.nvrtcCompileProgram(program, all.length, address));
      if (status !== NVRTC.NVRTC_SUCCESS) {
        const log = text(contents('nvrtcGetProgramLogSize', 'nvrtcGetProgramLog', program));
        throw new Error(`NVRTC could not compile ${name} for ${architecture}: ${errorText(status)}\n${log}`);
      }
      return contents(size, get, program);
    } finally {
      call('nvrtcDestroyProgram', handle);
    }
  };

  const [major, minor] = [new Int32Array(1), new Int32Array(1)];
  call('nvrtcVersion', major, minor);
  const count = new Int32Array(1);
  call('nvrtcGetNumSupportedArchs', count);
  const architectures = new Int32Array(count[0] ?? 0);
  call('nvrtcGetSupportedArchs', architectures);

  return {
    path,
    version: `${major[0]}.${minor[0]}`,
    architectures: [...architectures],
    compile: (source, architecture) => build(source, architecture, 'nvrtcGetCUBINSize', 'nvrtcGetCUBIN'),
    // for a virtual architecture, so that no cubin is made
    compileToPtx: (source, architecture) =>
      text(build(source, architecture.replace('sm_', 'compute_'), 'nvrtcGetPTXSize', 'nvrtcGetPTX')),
    report: (source, architecture) => text(build(source, architecture, 'nvrtcGetProgramLogSize', 'nvrtcGetProgramLog')),
  };
}

/** Libraries that only NVRTC uses: one that nothing refers to is closed. */
const opened = new Map<string, NativeLibrary>();

/** NVRTC looks for its built-in functions in the loader's path alone; a library that is open is found there too. */
function openBuiltins(folder: string): void {
  // a folder may hold those of several versions
  for (const name of readdirSync(folder).filter((each) => /^libnvrtc-builtins\.so\.\d+\.\d+$/.test(each))) {
    const path = join(folder, name);
    if (!opened.has(path)) opened.set(path, openLibrary(path));
  }
}

/** A text that ends with a zero byte. */
function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(bytes).toString('utf8', 0, end < 0 ? bytes.length : end);
}
