/**
 * @file The dashboard of a run in training, in a process of its own: it reads the run folder as anyone would and takes
 * neither turns nor memory from the trainer. If it fails, the run goes on; if the trainer ends, so does it.
 */

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../../support/errors.ts';
import type { RunInformation } from '../../dashboard-stream.ts';
import type { Address } from '../listen.ts';
import { MAX_PROCESS_MEBIBYTES } from './limits.ts';

/** What the process is asked for when it has started. */
export interface DashboardOrder {
  readonly folder: string;
  readonly address: Address;
}

/** What the trainer sends: first the order, then what it knows of the run. */
export type TrainerMessage = { readonly order: DashboardOrder } | { readonly information: RunInformation };

/** What the process sends: where it serves, or why it cannot; then at most why it ends. */
export type DashboardMessage =
  | { readonly url: string }
  | { readonly refusal: string }
  /** It ends by an error. */
  | { readonly failure: string };

export interface DashboardProcess {
  readonly url: string;
  /** Sets what pages show of the run besides its measurements. */
  describe(information: RunInformation): void;
  close(): void;
}

/**
 * Serves the dashboard of the run in `folder`.
 * @param onFailure is called if the process ends by itself after it has begun to serve.
 * @throws UserError when the address cannot be had.
 */
export async function startDashboard(
  order: DashboardOrder,
  onFailure: (cause: Error) => void,
): Promise<DashboardProcess> {
  const child = fork(fileURLToPath(new URL('./dashboard-child.js', import.meta.url)), {
    execArgv: [...process.execArgv, `--max-old-space-size=${MAX_PROCESS_MEBIBYTES}`],
    // Ctrl-C ends the trainer, in order, and only then the dashboard
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const send = (message: TrainerMessage): void => {
    // it may have ended meanwhile, which `exit` reports
    if (child.connected) child.send(message, () => {});
  };
  const ended = new Promise<Error>((resolve) => {
    child.once('error', resolve);
    child.on('message', (message) => {
      const { failure } = message as Partial<Record<'failure', string>>;
      if (failure !== undefined) resolve(new Error(failure));
    });
    child.once('exit', (code, signal) => resolve(new Error(`its process ended with ${signal ?? `code ${code}`}`)));
  });
  send({ order });
  const answer = await Promise.race([
    new Promise<DashboardMessage>((resolve) =>
      child.once('message', (message) => resolve(message as DashboardMessage)),
    ),
    ended,
  ]);
  if (answer instanceof Error) throw answer;
  if ('failure' in answer) throw new Error(answer.failure);
  if ('refusal' in answer) throw new UserError(answer.refusal);
  let isClosed = false;
  void ended.then((cause) => {
    if (!isClosed) onFailure(cause);
  });
  // a run that ends does not wait for its pages
  child.unref();
  child.channel?.unref();
  return {
    url: answer.url,
    describe: (information) => send({ information }),
    close() {
      isClosed = true;
      child.kill();
    },
  };
}
