/** @file What a thread of the team does, in whatever kind of worker: the first is asked for runs, the others join them. */

import { messageOf } from '../../support/errors.ts';
import { instantiate } from './kernels.ts';

/** The first message to a thread. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The end of its stack. */
  readonly stack: number;
  /** The address of the team. */
  readonly pool: number;
  readonly thread: number;
}

/** Further messages to the first thread: the arguments of `team_run`. */
export type RunArguments = readonly [launches: number, count: number, active: number, stop: number, times: number];

export type ThreadAnswer =
  | { readonly kind: 'ready' }
  /** What `team_run` returned. */
  | { readonly kind: 'ran'; readonly outcome: number }
  | { readonly kind: 'failed'; readonly message: string };

/** @returns what takes the messages to this thread, in order */
export function thread(answer: (answer: ThreadAnswer) => void): (message: ThreadStart | RunArguments) => Promise<void> {
  let run: (args: RunArguments) => number;
  const take = async (message: ThreadStart | RunArguments): Promise<void> => {
    if ('module' in message) {
      const { module, memory, stack, pool, thread: number } = message;
      const { exports } = await instantiate(module, memory, stack);
      run = (args) => exports.team_run(pool, ...args);
      answer({ kind: 'ready' });
      if (number > 0) exports.team_join(pool, number);
    } else answer({ kind: 'ran', outcome: run(message) });
  };
  return (message) => take(message).catch((cause: unknown) => answer({ kind: 'failed', message: messageOf(cause) }));
}
