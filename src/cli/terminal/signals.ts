/**
 * @file What asks a command to stop: Ctrl-C, SIGTERM, a closed terminal, a closed pipe after its output. Exit codes are the
 * shell's: 128 plus the number of the signal.
 */

import { endBySignal } from '../../support/end-by-signal.ts';

/** SIGUSR1 is what batch systems and `mpirun` pass on. */
export const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGUSR1: 138 } as const;
const SIGPIPE_CODE = 141;

export const STOP_NOTICE = 'stopping after writing a checkpoint (again to quit now)';

/** Stops the work that `abortOnSignals` is running. */
let stopWork: ((code: number) => void) | undefined;

/**
 * Runs `work` with a signal that aborts when the process is asked to stop. The work may then finish cleanly; a second signal
 * ends the process at once.
 * @param notice printed at the first signal: what happens now; false for a process that is not to print
 */
export async function abortOnSignals(
  work: (signal: AbortSignal) => Promise<void>,
  notice: string | false = STOP_NOTICE,
): Promise<void> {
  const abort = new AbortController();
  const stop = (code: number): void => {
    if (abort.signal.aborted) return;
    process.exitCode = code;
    if (notice) console.error(`minillm: ${notice}`);
    abort.abort();
  };
  const handlers = Object.entries(SIGNAL_CODES).map(([name, code]) => {
    const handler = (): void => {
      // launchers may pass theirs on twice
      if (abort.signal.aborted && name !== 'SIGUSR1') quit(name as NodeJS.Signals, code);
      stop(code);
    };
    process.on(name, handler);
    return { name, handler };
  });
  stopWork = stop;
  try {
    await work(abort.signal);
  } finally {
    stopWork = undefined;
    for (const { name, handler } of handlers) process.off(name, handler);
  }
}

/** Lets SIGUSR1 end a command that does not handle it, as it ends other programs; Node.js would open its debugger. */
export function endOnBatchSignal(): void {
  process.on('SIGUSR1', () => {
    if (process.listenerCount('SIGUSR1') === 1) quit('SIGUSR1', SIGNAL_CODES.SIGUSR1);
  });
}

/** Ends the process at once: `process.exit` would wait for native calls, which may wait for other ranks. */
function quit(signal: NodeJS.Signals, code: number): void {
  // what restores the terminal and removes temporary files
  process.emit('exit', code);
  endBySignal(signal);
}

/** The reader of our output may stop reading (`minillm sample | head`), or the terminal may close: that is not an error. */
export function endWithReader(output: NodeJS.WriteStream): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    if (stopWork) stopWork(SIGPIPE_CODE);
    else process.exit();
  });
}
