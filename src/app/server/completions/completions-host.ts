/** @file What the completions API needs of the place where it runs: an HTTP server, or a browser's tab. */

import type { Context, MiddlewareHandler } from 'hono';
import type { UserError } from '../../../support/errors.ts';
import type { RequestMetrics } from '../metrics/request-metrics.ts';
import type { ModelSource } from '../models/served-model.ts';
import type { Delivery } from './delivery.ts';
import type { RequestProblem } from './problem.ts';

export type HostContext<Bindings extends object> = Context<{ Bindings: Bindings }>;

/** @typeParam Bindings what comes with each request */
export interface CompletionsHost<Bindings extends object> {
  /** Refuses a request with a body before it is read. */
  readonly guard: MiddlewareHandler;
  /**
   * The body of a request.
   * @param limit of its bytes @param reserve is called with the bytes of memory before they are taken, and may throw
   */
  readBytes(
    context: HostContext<Bindings>,
    limit: number,
    reserve: (bytes: number) => void,
  ): Promise<Uint8Array<ArrayBuffer>>;
  /** Begins an answer. */
  deliver(context: HostContext<Bindings>, contentType: string): Delivery;
  /** Begins a stream of events. */
  deliverEvents(context: HostContext<Bindings>): Delivery;
  /** Stands for an answer that was delivered. */
  readonly delivered: Response;
  /** Follows a request from now on. */
  follow(): RequestMetrics;
  /** Notes a failure, and says what its client is told of it. */
  explain(cause: unknown): RequestProblem;
  /** As `explain`, of a model that cannot be had now: its weights are damaged or out of reach, or there is no memory for it. */
  explainUnopened(source: ModelSource, cause: UserError): RequestProblem;
}
