/** @file The door to NCCL: communicator.c, compiled when first needed, which loads the library and the CUDA driver. */

import {
  COLLECTIVES,
  type Collective,
  ELEMENT_TYPES,
  type NativeCollectives,
} from '../../engine/runtime/communicator.ts';
import { compileLibrary } from '../../native/compile.ts';
import { openLibrary, terminated } from '../../native/library.ts';
import { UserError } from '../../support/errors.ts';

/** Elements as communicator.c numbers them: those of programs, and the bytes of the host. */
const TYPES = { ...ELEMENT_TYPES, byte: 2 } as const;

/** As communicator.c numbers them. */
const STATES = ['joining', 'joined', 'failed'] as const;

const ID_BYTES = 128;
const MESSAGE_BYTES = 512;

export interface Nccl {
  /** Makes the id of a world, or the one that NCCL_COMM_ID stands for. */
  makeId(): Uint8Array;
  /**
   * Starts to join a world on a thread of its own.
   * @param context the CUDA context
   * @param limitSeconds how long collectives may take
   */
  join(context: number, id: Uint8Array, rank: number, size: number, limitSeconds: number): NcclWorld;
}

/** A rank's view of its world. Addresses are those of the device, streams those of the driver. Failures are thrown. */
export interface NcclWorld {
  readonly native: NativeCollectives;
  state(): (typeof STATES)[number];
  /** Why the world has failed. */
  failure(): Error;
  /** Begins a collective after what has been put on the stream. */
  begin(collective: Collective, address: number, count: number, type: keyof typeof TYPES, stream: number): void;
  beginBroadcast(address: number, bytes: number, root: number, stream: number): void;
  /** Makes the stream wait for all that has begun. */
  wait(stream: number): void;
  /** Fails the world and ends NCCL's kernels, soon. */
  abort(): void;
  /** Leaves the world once all that has begun has ended. */
  close(): Promise<void>;
}

/**
 * Loads NCCL and the driver, each by path or by the name the loader knows.
 * @throws UserError when one of them is missing or lacks a function.
 */
export async function loadNccl(nccl: string, driver: string): Promise<Nccl> {
  const path = await compileLibrary({
    name: 'nccl',
    folder: new URL('./', import.meta.url),
    sources: ['communicator.c'],
    flags: ['-O2', '-std=gnu11'],
  });
  const library = openLibrary(path);
  const message = new Uint8Array(MESSAGE_BYTES);
  const said = (): Error => new UserError(Buffer.from(message).toString('utf8', 0, message.indexOf(0)));
  const load = library.function('int32_t nccl_load(const uint8_t *nccl, const uint8_t *driver, uint8_t *message)');
  const uniqueId = library.function('int32_t nccl_unique_id(uint8_t *id, uint8_t *message)');
  const open = library.function(
    'int64_t nccl_open(int64_t context, const uint8_t *id, int32_t rank, int32_t size, int32_t limit_seconds)',
  );
  const stateOf = library.function('int32_t nccl_state(int64_t world)');
  const messageOf = library.function('void nccl_message(int64_t world, uint8_t *message)');
  const begin = library.function(
    'int32_t nccl_begin(int64_t world, int32_t collective, int64_t data, int64_t count, int32_t type, int64_t stream)',
  );
  const broadcast = library.function(
    'int32_t nccl_broadcast(int64_t world, int64_t data, int64_t bytes, int32_t root, int64_t stream)',
  );
  const wait = library.function('int32_t nccl_wait(int64_t world, int64_t stream)');
  const abort = library.function('void nccl_abort(int64_t world)');
  const close = library.asynchronous('void nccl_close(int64_t world)');
  if (load(terminated(nccl), terminated(driver), message) !== 0) throw said();

  return {
    makeId() {
      const id = new Uint8Array(ID_BYTES);
      if (uniqueId(id, message) !== 0) throw said();
      return id;
    },
    join(cudaContext, id, rank, size, limitSeconds) {
      const world = open(cudaContext, id, rank, size, limitSeconds);
      if (world === 0) throw new UserError('the thread of the communicator could not be started');
      const failure = (): Error => {
        messageOf(world, message);
        return said();
      };
      const check = (status: number): void => {
        if (status !== 0) throw failure();
      };
      return {
        native: { context: world, begin: library.address('nccl_begin'), wait: library.address('nccl_wait') },
        state: () => STATES[stateOf(world)] ?? 'failed',
        failure,
        begin: (collective, address, count, type, stream) =>
          check(begin(world, COLLECTIVES[collective], address, count, TYPES[type], stream)),
        beginBroadcast: (address, bytes, root, stream) => check(broadcast(world, address, bytes, root, stream)),
        wait: (stream) => check(wait(world, stream)),
        abort: () => void abort(world),
        close: async () => void (await close(world)),
      };
    },
  };
}
