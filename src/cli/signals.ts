/** @file Ctrl-C and SIGTERM: the first ends the work in order, the second at once. Exit codes are the shell's. */

/** Runs `work` with a signal that aborts on Ctrl-C or SIGTERM. */
export async function abortOnSignals(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const abort = new AbortController();
  const handlers = (['SIGINT', 'SIGTERM'] as const).map((name) => {
    const code = name === 'SIGINT' ? 130 : 143;
    const handler = () => {
      if (abort.signal.aborted) process.exit(code);
      process.exitCode = code;
      console.error('minillm: stopping; a checkpoint is written first (again to end now)');
      abort.abort();
    };
    process.on(name, handler);
    return { name, handler };
  });
  try {
    await work(abort.signal);
  } finally {
    for (const { name, handler } of handlers) process.off(name, handler);
  }
}
