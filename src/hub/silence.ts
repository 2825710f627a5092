/** @file Connections that fall silent are broken off; one that is merely slow may take as long as it needs. */

import type { Hub } from './hub.ts';
import { connectionError, TransientError } from './hub-errors.ts';

/**
 * Lets `exchange` use a connection until it has ended, and then ends what is left of the connection.
 * @param exchange its signal is aborted with the caller's, and when it has not called `moved` for as long as the hub's
 * patience lasts
 * @throws TransientError when the connection breaks or falls silent; the signal's reason when it is aborted.
 */
export async function unlessSilent<Result>(
  { patience: { silenceMilliseconds } }: Hub,
  signal: AbortSignal,
  exchange: (signal: AbortSignal, moved: () => void) => Promise<Result>,
): Promise<Result> {
  const abort = new AbortController();
  const onAbort = (): void => abort.abort();
  signal.throwIfAborted();
  signal.addEventListener('abort', onAbort, { once: true });
  const silence = setTimeout(onAbort, silenceMilliseconds);
  try {
    return await exchange(abort.signal, () => silence.refresh());
  } catch (cause) {
    signal.throwIfAborted();
    if (abort.signal.aborted) throw new TransientError(`nothing moved for ${silenceMilliseconds / 1000} s`);
    throw connectionError(cause);
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', onAbort);
    abort.abort(); // what is left of an answer
  }
}
