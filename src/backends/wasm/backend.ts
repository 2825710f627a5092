/** @file The WebAssembly backend: the C kernels of the CPU backend, compiled for WebAssembly when the package is built. */

import type { Backend } from '../../engine/runtime/backend.ts';
import { DeviceLost } from '../../engine/runtime/device-lost.ts';
import type { Precision } from '../../engine/tensor.ts';
import { UserError } from '../../support/errors.ts';
import { nextTurn } from '../../support/event-loop.ts';
import { type Team, TeamBackend } from '../cpu/team-backend.ts';
import { instantiate, type Kernels } from './kernels.ts';
import { LinearMemory, MAX_MEMORY_BYTES } from './linear-memory.ts';
import type { RunArguments, ThreadAnswer, ThreadStart } from './thread.ts';
import { unsharedModule } from './unshared-module.ts';
import { isSupported, WASM_VARIANTS, type WasmVariant } from './variants.ts';

export interface WasmOptions {
  /** Threads of the team; default: as many as there are processors, or one where memory cannot be shared. */
  readonly threads?: number;
  readonly precision?: Precision;
  /** Default: the best that this engine validates. */
  readonly variant?: WasmVariant;
}

/** A worker that does what thread.ts says. */
export interface Thread {
  post(message: ThreadStart | RunArguments): void;
  /** Called for what it answers. */
  onAnswer: (answer: ThreadAnswer) => void;
  /** Keeps the process alive while there is work. */
  hold(isBusy: boolean): void;
  end(): void;
}

/** What runs WebAssembly: Node or a browser. */
export interface WasmHost {
  readonly processors: number;
  /** The bytes of a module. @param isRetry whether they came damaged before, so that caches are to be bypassed */
  load(variant: WasmVariant, precision: Precision, isRetry: boolean): Promise<Uint8Array<ArrayBuffer>>;
  /** Starts a worker; undefined where none can share memory. */
  readonly start: (() => Thread) | undefined;
  /** Of the machine; undefined where it is not known. */
  memory(): { readonly total: number; readonly available: number } | undefined;
}

const STACK_BYTES = 2 ** 20;

/** Opens the backend on a host. @throws UserError, DeviceLost as `openWasmInNode` and `openWasmInBrowser` do */
export async function openWasmBackend(options: WasmOptions, host: WasmHost): Promise<Backend> {
  const { precision = 'fp32', threads = host.start ? host.processors : 1 } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new UserError(`threads: expected a whole number of at least 1, found ${threads}`);
  if (threads > 1 && !host.start)
    throw new UserError(`threads: expected 1 where memory cannot be shared, found ${threads}`);
  const { variant, module } = await loadModule(host, precision, options.variant);
  const memory = new LinearMemory(host.start !== undefined);
  const kernels = await instantiate(module, memory.memory);
  memory.begin(kernels.exports.__heap_base.value as number);
  const pool = makePool(kernels, memory, threads);
  const walk = host.start
    ? await startThreads(host.start, threads, { module, memory: memory.memory, pool }, memory, kernels)
    : walkHere(kernels, pool);
  return new TeamBackend({ ...team(kernels, memory, threads, variant, precision, host), ...walk });
}

/** The best module that this engine can run. */
async function loadModule(host: WasmHost, precision: Precision, wanted: WasmVariant | undefined) {
  const variant = (wanted ? [wanted] : [...WASM_VARIANTS].reverse()).find(isSupported);
  if (!variant)
    throw new UserError(
      `expected WebAssembly with ${wanted === 'relaxed' ? 'relaxed SIMD' : 'SIMD'}, found an engine without it; use a newer browser or Node`,
    );
  let damage: unknown;
  for (const isRetry of [false, true]) {
    const bytes = await host.load(variant, precision, isRetry);
    try {
      return { variant, module: await compile(bytes, host.start !== undefined) };
    } catch (cause) {
      damage = cause;
    }
  }
  throw new UserError(
    `the kernels (${variant}-${precision}.wasm) came damaged or cut off; try again, and if that does not help, install or publish them again`,
    { cause: damage },
  );
}

/** @throws Error for bytes that are not a whole module of kernels */
async function compile(bytes: Uint8Array<ArrayBuffer>, isShared: boolean): Promise<WebAssembly.Module> {
  const module = await WebAssembly.compile(isShared ? bytes : unsharedModule(bytes));
  // what comes before the functions is a module too
  if (WebAssembly.Module.exports(module).length === 0) throw new TypeError('expected a module that exports kernels');
  return module;
}

/** Room for the team and its scratch areas. */
function makePool({ exports }: Kernels, memory: LinearMemory, threads: number): number {
  const pool = memory.allocate(exports.team_bytes(threads));
  const { privateBytes, sharedBytes } = scratch(exports);
  exports.team_prepare(pool, threads, memory.allocate(threads * privateBytes), memory.allocate(sharedBytes));
  return pool;
}

const scratch = (exports: Kernels['exports']) => ({
  privateBytes: Number(exports.private_scratch_bytes()),
  sharedBytes: Number(exports.shared_scratch_bytes()),
});

function team(
  kernels: Kernels,
  memory: LinearMemory,
  threads: number,
  variant: WasmVariant,
  precision: Precision,
  host: WasmHost,
): Omit<Team, 'run' | 'close'> {
  const { privateBytes, sharedBytes } = scratch(kernels.exports);
  return {
    name: 'wasm',
    description: `WebAssembly, ${threads} thread${threads === 1 ? '' : 's'}, ${variant}`,
    precision,
    sharesHostMemory: false,
    overheadBytes: sharedBytes + threads * (privateBytes + STACK_BYTES),
    pointerBytes: 4,
    memory: () => {
      const own = { total: MAX_MEMORY_BYTES, available: MAX_MEMORY_BYTES - memory.used };
      const { total, available } = host.memory() ?? own;
      return { total: Math.min(own.total, total), available: Math.min(own.available, available) };
    },
    allocate: (bytes) => memory.allocate(bytes),
    free: (address, bytes) => memory.free(address, bytes),
    write: (address, source) => memory.write(address, source),
    read: (address, target) => memory.read(address, target),
    kernel: (name) => {
      const address = kernels.addresses.get(name);
      if (address === undefined) throw new TypeError(`the module has no kernel ${name}`);
      return { address, fields: memory.text(kernels.fields(name)) };
    },
  };
}

/** Without threads a run blocks its caller, whose event loop has its turn after each. */
function walkHere({ exports }: Kernels, pool: number): Pick<Team, 'run' | 'close'> {
  return {
    async run(...args) {
      const outcome = exports.team_run(pool, ...args);
      await nextTurn();
      return outcome;
    },
    close: async () => {},
  };
}

/** Starts the team's threads, the first of which takes the runs. @throws DeviceLost when one fails, as all later runs do */
async function startThreads(
  start: () => Thread,
  count: number,
  common: Pick<ThreadStart, 'module' | 'memory' | 'pool'>,
  memory: LinearMemory,
  { exports }: Kernels,
): Promise<Pick<Team, 'run' | 'close'>> {
  // memory may be short, and then no thread is left running
  const stacks = Array.from({ length: count }, () => memory.allocate(STACK_BYTES) + STACK_BYTES);
  const threads = stacks.map(start);
  const [first] = threads as [Thread];
  const end = (): void => {
    for (const thread of threads) thread.end();
  };
  let settle: { resolve(outcome: number): void; reject(cause: Error): void } | undefined;
  let failure: DeviceLost | undefined;
  const fail = (message: string): void => {
    failure ??= new DeviceLost(`a thread of WebAssembly has failed (${message}); try again`);
    settle?.reject(failure);
    end();
  };
  await new Promise<void>((resolve, reject) => {
    let ready = 0;
    settle = { resolve: () => {}, reject };
    threads.forEach((thread, number) => {
      thread.onAnswer = (answer) => {
        if (answer.kind === 'failed') fail(answer.message);
        else if (answer.kind === 'ran') settle?.resolve(answer.outcome);
        else if (++ready === count) resolve();
      };
      thread.post({ ...common, thread: number, stack: stacks[number] as number });
    });
  });
  for (const thread of threads) thread.hold(false);
  return {
    run: async (...args) => {
      if (failure) throw failure;
      first.hold(true);
      try {
        return await new Promise<number>((resolve, reject) => {
          settle = { resolve, reject };
          first.post(args);
        });
      } finally {
        settle = undefined;
        first.hold(false);
      }
    },
    close: async () => {
      exports.team_close(common.pool);
      end();
    },
  };
}
