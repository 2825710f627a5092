/** @file The end of a process by a signal. */

import { constants } from 'node:os';

/**
 * Ends this process as a signal does that nobody handles: whoever started it sees the signal, and native calls are not waited
 * for. Windows has no such end: there the exit code is the shell's, 128 plus the number of the signal.
 */
export function endBySignal(signal: NodeJS.Signals): never {
  process.removeAllListeners(signal);
  if (process.platform !== 'win32') process.kill(process.pid, signal);
  // the first process of a container ignores signals
  return process.exit(128 + constants.signals[signal]);
}
