/** @file Collectives over MPI, for ranks on CPUs: communicator.c, compiled with the cluster's own `mpicc` when first needed. */

import { COLLECTIVES, ELEMENT_TYPES } from '../../engine/runtime/communicator.ts';
import { compileLibrary } from '../../native/compile.ts';
import { openLibrary } from '../../native/library.ts';
import { UserError } from '../../support/errors.ts';
import type { LaunchedWorld } from '../launched-world.ts';
import { type RankCommunicator, shareTexts } from '../rank-communicator.ts';
import { findMpiCompiler } from './mpi-compiler.ts';

/** A collective and a type that only the host uses, as communicator.c numbers them. */
const BROADCAST = 3;
const BYTES = 2;

const MESSAGE_BYTES = 512;
/** How often the native side is asked whether a rank is lost. */
const WATCH_MILLISECONDS = 250;
/** How long MPI has to end all ranks before this one ends itself. */
const ABORT_MILLISECONDS = 3000;

/**
 * UCX, beneath MPICH and Open MPI, watches libc's memory functions, and tries its hooks by moving the program break up and
 * down, outside malloc's lock: what another thread has just got there is unmapped, and one start in some thirty crashed in
 * V8's garbage collector. Without hooks UCX registers memory for each transfer anew.
 */
function leaveMemoryFunctionsAlone(): void {
  process.env.UCX_MEM_MMAP_HOOK_MODE ??= 'none';
}

/**
 * Joins the ranks that a launcher has started.
 * @param timeoutSeconds how long a rank may be silent before it counts as lost
 * @throws UserError when there is no compiler of MPI's, or the world is not the launcher's.
 */
export async function openMpi(launched: LaunchedWorld, timeoutSeconds: number): Promise<RankCommunicator> {
  const compiler = await findMpiCompiler(launched.launcher);
  const path = await compileLibrary({
    name: 'mpi',
    folder: new URL('./', import.meta.url),
    sources: ['communicator.c'],
    flags: ['-O2', '-std=gnu11'],
    compiler,
  });
  leaveMemoryFunctionsAlone();
  const library = openLibrary(path);
  const facts = new Int32Array(5);
  const text = (fill: (bytes: Uint8Array) => void): string => {
    const bytes = new Uint8Array(MESSAGE_BYTES);
    fill(bytes);
    return Buffer.from(bytes).toString('utf8', 0, bytes.indexOf(0));
  };
  const message = library.function('void mpi_message(char *message)');
  const nameHost = library.function('void mpi_host(int32_t rank, char *name)');
  const failure = (): Error => new UserError(text(message));

  const code = await library.asynchronous('int32_t mpi_open(int32_t timeout_seconds)')(timeoutSeconds);
  if (code !== 0) throw failure();
  library.function('void mpi_describe(int32_t *facts)')(facts);
  const [rank = 0, size = 1, localRank = 0, localSize = 1, hasThreads = 0] = facts;
  const version = library.text('mpi_library_version').split('\n')[0]?.trim() ?? 'MPI';
  if (size !== launched.size)
    throw new UserError(
      `${launched.launcher} started ${launched.size} ranks, but ${version}, which ${compiler.command} links with, sees ${size}: launcher and library do not belong together; load the same MPI for both, or let MPICC name the launcher's mpicc`,
    );
  if (!hasThreads)
    throw new UserError(`${version} supports no threads (MPI_THREAD_FUNNELED is needed); use a build with threads`);

  const collective = library.asynchronous(
    'int32_t mpi_collective(int32_t collective, void *data, int64_t count, int32_t type, int32_t root)',
  );
  const communicate = async (kind: number, data: ArrayBufferView, count: number, type: number, root = 0) => {
    if ((await collective(kind, data, count, type, root)) !== 0) throw failure();
  };
  const sum = (values: Float64Array): Promise<void> =>
    communicate(COLLECTIVES.allReduce, values, values.length, ELEMENT_TYPES.float64);

  const failed = new AbortController();
  const hasFailed = library.function('int32_t mpi_failed()');
  const watch = setInterval(() => {
    if (!hasFailed()) return;
    clearInterval(watch);
    failed.abort();
  }, WATCH_MILLISECONDS);
  watch.unref();

  return {
    rank,
    size,
    localRank,
    localSize,
    native: { context: 0, begin: library.address('mpi_begin'), wait: library.address('mpi_wait') },
    failed: failed.signal,
    sum,
    broadcast: (bytes, root) => communicate(BROADCAST, bytes, bytes.length, BYTES, root),
    share: (own) =>
      shareTexts(own, rank, size, sum, (all) => communicate(COLLECTIVES.allGather, all, all.length, BYTES)),
    failure,
    host: (each) => text((bytes) => nameHost(each, bytes)),
    async close() {
      const left = await library.asynchronous('int32_t mpi_close()')();
      clearInterval(watch);
      if (left !== 0) throw failure();
    },
    async abort() {
      clearInterval(watch);
      library.function('void mpi_abort()')();
      await new Promise((resolve) => setTimeout(resolve, ABORT_MILLISECONDS));
      // `process.exit` would wait for native calls that wait for other ranks
      process.kill(process.pid, 'SIGKILL');
      return new Promise<never>(() => {});
    },
  };
}
