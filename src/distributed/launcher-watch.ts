/** @file A rank whose launcher has been killed ends too: nobody else would end it. */

/** Process id of the `minillm train --processes` that ranks belong to, which they find in their environment. */
export const PARENT_VARIABLE = 'MINILLM_PARENT';

const WATCH_MILLISECONDS = 1000;

/** Calls `ended` once the process that started this one is gone, or the one that `PARENT_VARIABLE` names. */
export function watchLauncher(ended: () => void): { close(): void } {
  const launcher = process.ppid;
  const parent = Number(process.env[PARENT_VARIABLE] ?? process.pid);
  const timer = setInterval(() => {
    // an orphan gets another parent
    if (process.ppid === launcher && isAlive(parent)) return;
    clearInterval(timer);
    ended();
  }, WATCH_MILLISECONDS);
  timer.unref();
  return { close: () => clearInterval(timer) };
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
}
