/** @file The door to the CUDA driver. Every call belongs to the thread of JavaScript, where the context is current. */

import { UserError } from '../../support/errors.ts';
import {
  allocateForever,
  bytesAt,
  declareTypes,
  type NativeArgument,
  type NativeFunction,
  type NativeLibrary,
  openLibrary,
  terminated,
  textAt,
} from '../library.ts';
import { findNvidiaLibrary, type WantedLibrary } from './find-library.ts';

/** The types of cuda.h that the prototypes use; handles and device addresses are numbers. */
export const DRIVER_TYPES = {
  CUresult: 'int32_t',
  CUdevice: 'int32_t',
  CUdevice_attribute: 'int32_t',
  CUfunction_attribute: 'int32_t',
  CUstreamCaptureMode: 'int32_t',
  CUdeviceptr: 'uint64_t',
  CUcontext: 'int64_t',
  CUmodule: 'int64_t',
  CUfunction: 'int64_t',
  CUstream: 'int64_t',
  CUevent: 'int64_t',
  CUgraph: 'int64_t',
  CUgraphExec: 'int64_t',
} as const;

/** The driver's functions as cuda.h declares them. A test compiles them against the header. */
export const DRIVER_PROTOTYPES = [
  'CUresult cuInit(unsigned int flags)',
  'CUresult cuGetErrorName(CUresult error, const char **name)',
  'CUresult cuGetErrorString(CUresult error, const char **text)',
  'CUresult cuDeviceGetCount(int *count)',
  'CUresult cuDeviceGet(CUdevice *device, int ordinal)',
  'CUresult cuDeviceGetName(char *name, int length, CUdevice device)',
  'CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)',
  'CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)',
  'CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)',
  'CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)',
  'CUresult cuCtxSetCurrent(CUcontext context)',
  'CUresult cuMemGetInfo_v2(size_t *free, size_t *total)',
  'CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes)',
  'CUresult cuMemFree_v2(CUdeviceptr address)',
  'CUresult cuMemHostAlloc(void **address, size_t bytes, unsigned int flags)',
  'CUresult cuMemFreeHost(void *address)',
  'CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr target, const void *source, size_t bytes, CUstream stream)',
  'CUresult cuMemcpyDtoHAsync_v2(void *target, CUdeviceptr source, size_t bytes, CUstream stream)',
  'CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr target, CUdeviceptr source, size_t bytes, CUstream stream)',
  'CUresult cuMemsetD8Async(CUdeviceptr target, unsigned char value, size_t bytes, CUstream stream)',
  'CUresult cuModuleLoadData(CUmodule *module, const void *image)',
  'CUresult cuModuleUnload(CUmodule module)',
  'CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name)',
  'CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value)',
  'CUresult cuLaunchKernel(CUfunction function, unsigned int gridX, unsigned int gridY, unsigned int gridZ, unsigned int blockX, unsigned int blockY, unsigned int blockZ, unsigned int sharedBytes, CUstream stream, void **parameters, void **extra)',
  'CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned int flags, int priority)',
  'CUresult cuStreamDestroy_v2(CUstream stream)',
  'CUresult cuStreamSynchronize(CUstream stream)',
  'CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned int flags)',
  'CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode)',
  'CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph)',
  'CUresult cuEventCreate(CUevent *event, unsigned int flags)',
  'CUresult cuEventDestroy_v2(CUevent event)',
  'CUresult cuEventRecord(CUevent event, CUstream stream)',
  'CUresult cuEventQuery(CUevent event)',
  'CUresult cuEventSynchronize(CUevent event)',
  'CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end)',
  'CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, unsigned long long flags)',
  'CUresult cuGraphUpload(CUgraphExec executable, CUstream stream)',
  'CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream)',
  'CUresult cuGraphExecDestroy(CUgraphExec executable)',
  'CUresult cuGraphDestroy(CUgraph graph)',
] as const;

/** Every driver has it; an old one lacks others of the functions. */
export const DRIVER_VERSION = 'CUresult cuDriverGetVersion(int *version)';

/** Constants of cuda.h, by their names there. */
export const CUDA = {
  CUDA_SUCCESS: 0,
  CUDA_ERROR_OUT_OF_MEMORY: 2,
  CUDA_ERROR_NO_DEVICE: 100,
  CUDA_ERROR_NOT_READY: 600,
  CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: 16,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: 76,
  CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: 97,
  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: 8,
  CU_STREAM_NON_BLOCKING: 1,
  CU_EVENT_DEFAULT: 0,
  CU_EVENT_DISABLE_TIMING: 2,
  CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: 1,
} as const;

const WANTED: WantedLibrary = {
  names: ['libcuda.so.1'],
  variable: 'MINILLM_CUDA_DRIVER',
  pipFolders: [],
  install:
    "it comes with NVIDIA's driver: install that (525 or newer), and start containers with --gpus all (Docker) or --nv (Apptainer)",
};

/** The first version whose driver runs CUDA 12's kernels. */
const MIN_VERSION = 12000;
/** Bytes that the parameters of a kernel may take. */
const PARAMETER_BYTES = 4096;

type Name<Prototype extends string> = Prototype extends `CUresult ${infer Function}(${string}` ? Function : never;
type DriverFunction = Name<(typeof DRIVER_PROTOTYPES)[number]>;

/** An error of the driver, in its own words. */
export class DriverError extends UserError {
  override readonly name = 'DriverError';
  /** A CUresult. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }

  /** Whether memory was short, and nothing else is wrong. */
  get isOutOfMemory(): boolean {
    return this.status === CUDA.CUDA_ERROR_OUT_OF_MEMORY;
  }
}

export interface Grid {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** What a GPU is. */
export interface DeviceProperties {
  readonly name: string;
  /** `9.0` is 90. */
  readonly computeCapability: number;
  readonly multiprocessors: number;
  /** Shared memory that a block may ask for. */
  readonly sharedBytes: number;
  readonly memoryBytes: number;
}

/** The driver. Its calls throw a `DriverError` when they fail; handles and addresses are numbers. */
export interface Driver {
  readonly path: string;
  /** `13.0` */
  readonly version: string;
  /** 13: libraries of newer ones do not run on it. */
  readonly major: number;
  deviceCount(): number;
  properties(ordinal: number): DeviceProperties;
  /** Makes the primary context of a device, current on this thread from then on. */
  openContext(ordinal: number): number;
  closeContext(ordinal: number): void;
  /** Bytes of the current device. */
  memory(): { readonly free: number; readonly total: number };
  allocate(bytes: number): number;
  free(address: number): void;
  /** Page-locked memory of the host, which copies to and from the device without a detour. */
  allocateHost(bytes: number): { readonly address: number; readonly bytes: Uint8Array };
  freeHost(address: number): void;
  /** Copies are ordered by their stream. Pageable memory (a typed array) has been read or written when the call returns. */
  copyToDevice(target: number, source: NativeArgument, bytes: number, stream: number): void;
  copyToHost(target: NativeArgument, source: number, bytes: number, stream: number): void;
  copyOnDevice(target: number, source: number, bytes: number, stream: number): void;
  fill(target: number, value: number, bytes: number, stream: number): void;
  /** @param image a cubin, or PTX with a zero byte at its end */
  loadModule(image: Uint8Array): number;
  unloadModule(module: number): void;
  functionOf(module: number, name: string): number;
  /** Lets a function ask for that much dynamic shared memory. */
  allowSharedBytes(function_: number, bytes: number): void;
  /** @param parameters as the kernel lays them out, at most 4096 bytes; read before the call returns */
  launch(
    function_: number,
    grid: Grid,
    blockThreads: number,
    sharedBytes: number,
    stream: number,
    parameters: Uint8Array,
  ): void;
  createStream(priority: number): number;
  destroyStream(stream: number): void;
  /** Blocks JavaScript until the stream has done all its work. */
  synchronize(stream: number): void;
  waitFor(stream: number, event: number): void;
  createEvent(options?: { readonly timing?: boolean }): number;
  destroyEvent(event: number): void;
  record(event: number, stream: number): void;
  /** Whether all work before the event has been done. */
  isDone(event: number): boolean;
  milliseconds(start: number, end: number): number;
  beginCapture(stream: number): void;
  /** The captured work, ready to be launched any number of times. */
  endCapture(stream: number): number;
  launchGraph(graph: number, stream: number): void;
  destroyGraph(graph: number): void;
}

/**
 * Opens the driver.
 * @throws UserError when there is none, it is too old, or there is no GPU.
 */
export async function openDriver(): Promise<Driver> {
  const path = await findNvidiaLibrary(WANTED);
  declareTypes(DRIVER_TYPES);
  const library = openLibrary(path);
  const code = versionOf(library);
  const version = `${Math.floor(code / 1000)}.${Math.floor((code % 1000) / 10)}`;
  if (code < MIN_VERSION)
    throw new UserError(
      `expected a CUDA driver for CUDA 12.0 or newer, found one for ${version} (${path}); update NVIDIA's driver to 525 or newer`,
    );
  const functions = Object.fromEntries(
    DRIVER_PROTOTYPES.map((prototype) => [/(\w+)\(/.exec(prototype)?.[1], library.function(prototype)]),
  ) as Record<DriverFunction, NativeFunction>;
  const word = new BigInt64Array(1);
  const int = new Int32Array(1);

  const said = (name: 'cuGetErrorName' | 'cuGetErrorString', status: number): string => {
    word[0] = 0n;
    functions[name](status, word);
    return textAt(Number(word[0]));
  };
  const fail = (name: DriverFunction, status: number): never => {
    const text = said('cuGetErrorString', status) || 'unknown error';
    throw new DriverError(`the CUDA driver failed in ${name}: ${text} (${said('cuGetErrorName', status)})`, status);
  };
  const call = (name: DriverFunction, ...args: readonly NativeArgument[]): void => {
    const status = functions[name](...args);
    if (status !== CUDA.CUDA_SUCCESS) fail(name, status);
  };
  /** The handle or address that a call gives through its first argument. */
  const made = (name: DriverFunction, ...args: readonly NativeArgument[]): number => {
    call(name, word, ...args);
    return Number(word[0]);
  };
  const attribute = (device: number, which: number): number => {
    call('cuDeviceGetAttribute', int, which, device);
    return int[0] ?? 0;
  };
  const device = (ordinal: number): number => {
    call('cuDeviceGet', int, ordinal);
    return int[0] ?? 0;
  };

  call('cuInit', 0);
  const parameters = launchParameters();

  return {
    path,
    version,
    major: Math.floor(code / 1000),
    deviceCount() {
      call('cuDeviceGetCount', int);
      return int[0] ?? 0;
    },
    properties(ordinal) {
      const handle = device(ordinal);
      const name = new Uint8Array(256);
      call('cuDeviceGetName', name, name.length, handle);
      return {
        name: Buffer.from(name).toString('utf8', 0, name.indexOf(0)),
        computeCapability:
          10 * attribute(handle, CUDA.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) +
          attribute(handle, CUDA.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
        multiprocessors: attribute(handle, CUDA.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
        sharedBytes: attribute(handle, CUDA.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
        memoryBytes: made('cuDeviceTotalMem_v2', handle),
      };
    },
    openContext(ordinal) {
      const context = made('cuDevicePrimaryCtxRetain', device(ordinal));
      call('cuCtxSetCurrent', context);
      return context;
    },
    closeContext: (ordinal) => call('cuDevicePrimaryCtxRelease_v2', device(ordinal)),
    memory() {
      const total = new BigInt64Array(1);
      const free = made('cuMemGetInfo_v2', total);
      return { free, total: Number(total[0]) };
    },
    allocate: (bytes) => made('cuMemAlloc_v2', bytes),
    free: (address) => call('cuMemFree_v2', address),
    allocateHost(bytes) {
      const address = made('cuMemHostAlloc', bytes, 0);
      return { address, bytes: bytesAt(address, bytes) };
    },
    freeHost: (address) => call('cuMemFreeHost', address),
    copyToDevice: (target, source, bytes, stream) => call('cuMemcpyHtoDAsync_v2', target, source, bytes, stream),
    copyToHost: (target, source, bytes, stream) => call('cuMemcpyDtoHAsync_v2', target, source, bytes, stream),
    copyOnDevice: (target, source, bytes, stream) => call('cuMemcpyDtoDAsync_v2', target, source, bytes, stream),
    fill: (target, value, bytes, stream) => call('cuMemsetD8Async', target, value, bytes, stream),
    loadModule: (image) => made('cuModuleLoadData', image),
    unloadModule: (module) => call('cuModuleUnload', module),
    functionOf: (module, name) => made('cuModuleGetFunction', module, terminated(name)),
    allowSharedBytes: (function_, bytes) =>
      call('cuFuncSetAttribute', function_, CUDA.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes),
    launch(function_, { x, y, z }, blockThreads, sharedBytes, stream, values) {
      const extra = parameters(values);
      call('cuLaunchKernel', function_, x, y, z, blockThreads, 1, 1, sharedBytes, stream, 0, extra);
    },
    createStream: (priority) => made('cuStreamCreateWithPriority', CUDA.CU_STREAM_NON_BLOCKING, priority),
    destroyStream: (stream) => call('cuStreamDestroy_v2', stream),
    synchronize: (stream) => call('cuStreamSynchronize', stream),
    waitFor: (stream, event) => call('cuStreamWaitEvent', stream, event, 0),
    createEvent: ({ timing = false } = {}) =>
      made('cuEventCreate', timing ? CUDA.CU_EVENT_DEFAULT : CUDA.CU_EVENT_DISABLE_TIMING),
    destroyEvent: (event) => call('cuEventDestroy_v2', event),
    record: (event, stream) => call('cuEventRecord', event, stream),
    isDone(event) {
      const status = functions.cuEventQuery(event);
      if (status !== CUDA.CUDA_SUCCESS && status !== CUDA.CUDA_ERROR_NOT_READY) fail('cuEventQuery', status);
      return status === CUDA.CUDA_SUCCESS;
    },
    milliseconds(start, end) {
      const elapsed = new Float32Array(1);
      call('cuEventElapsedTime', elapsed, start, end);
      return elapsed[0] ?? 0;
    },
    beginCapture: (stream) => call('cuStreamBeginCapture_v2', stream, CUDA.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
    endCapture(stream) {
      call('cuStreamEndCapture', stream, word);
      const graph = Number(word[0]);
      let executable: number;
      try {
        executable = made('cuGraphInstantiateWithFlags', graph, 0);
      } finally {
        call('cuGraphDestroy', graph);
      }
      call('cuGraphUpload', executable, stream);
      return executable;
    },
    launchGraph: (graph, stream) => call('cuGraphLaunch', graph, stream),
    destroyGraph: (graph) => call('cuGraphExecDestroy', graph),
  };
}

/** 13000 is 13.0. */
function versionOf(library: NativeLibrary): number {
  const version = new Int32Array(1);
  library.function(DRIVER_VERSION)(version);
  return version[0] ?? 0;
}

/**
 * Puts parameters where cuLaunchKernel reads them: its `extra` names a buffer and its size
 * (CU_LAUNCH_PARAM_BUFFER_POINTER, CU_LAUNCH_PARAM_BUFFER_SIZE, CU_LAUNCH_PARAM_END). Gives the address of `extra`.
 */
function launchParameters(): (values: Uint8Array) => number {
  const WORDS = 6;
  const base = allocateForever(8 * WORDS + PARAMETER_BYTES);
  const extra = bytesAt(base, 8 * WORDS + PARAMETER_BYTES);
  const words = new BigInt64Array(extra.buffer, extra.byteOffset, WORDS);
  const [sizeAt, bufferAt] = [base + 8 * (WORDS - 1), base + 8 * WORDS];
  words.set([1n, BigInt(bufferAt), 2n, BigInt(sizeAt), 0n, 0n]);
  return (values) => {
    extra.set(values, 8 * WORDS);
    words[WORDS - 1] = BigInt(values.length);
    return base;
  };
}
