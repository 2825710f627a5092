/** @file Retries, after growing waits. */

import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../support/errors.ts';
import type { Hub } from './hub.ts';
import { TransientError } from './hub-errors.ts';

const MAX_WAIT_MILLISECONDS = 64_000;

export interface RetryOptions {
  readonly signal: AbortSignal;
  /** How the error begins when the last try has failed. */
  readonly what: string;
  /** Tries in a row without progress; default: the hub's patience. */
  readonly tries?: number;
  /** A number that grows with progress; a failed try during which it grew does not count. */
  readonly progress?: () => number;
  /** What the next start need not do again; default: what has been downloaded. */
  readonly kept?: string;
}

/**
 * Calls `attempt` until it does not throw a TransientError. A server's Retry-After lengthens the wait.
 * @throws UserError after too many tries in a row; whatever else `attempt` throws; the signal's reason.
 */
export async function retrying<Result>(
  hub: Hub,
  { signal, what, tries = hub.patience.tries, progress = () => 0, kept = 'what has been downloaded' }: RetryOptions,
  attempt: () => Promise<Result>,
): Promise<Result> {
  for (let failures = 0; ; ) {
    const before = progress();
    try {
      return await attempt();
    } catch (cause) {
      if (!(cause instanceof TransientError)) throw cause;
      failures = progress() > before ? 1 : failures + 1;
      if (failures >= tries) throw givenUp(hub, { what, kept }, cause, failures);
      const growing = Math.min(hub.patience.firstWaitMilliseconds * 2 ** (failures - 1), MAX_WAIT_MILLISECONDS);
      // many processes that failed together do not come back together
      const wait = Math.max(growing, cause.waitMilliseconds) * (1 + Math.random() / 4);
      hub.onWait?.(cause.message, wait);
      await sleep(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

function givenUp(
  { url }: Hub,
  { what, kept }: { readonly what: string; readonly kept: string },
  cause: TransientError,
  tries: number,
): UserError {
  const isUnreachable = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|[Cc]onnect /.test(cause.message);
  const advice = isUnreachable
    ? `${url} cannot be reached; check the network (or HF_ENDPOINT); with HF_HUB_OFFLINE=1 models fetched earlier are used`
    : `start it again later; ${kept} is kept`;
  return new UserError(`${what}: ${cause.message}, ${tries} times in a row; ${advice}`, { cause });
}
