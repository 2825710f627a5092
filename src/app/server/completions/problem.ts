/** @file What goes wrong with a request, in the form of OpenAI's API. */

import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { DeviceLost } from '../../../engine/runtime/device-lost.ts';
import { UserError } from '../../../support/errors.ts';
import { RETRY_AFTER_SECONDS } from './limits.ts';

type Status = 400 | 401 | 404 | 429 | 500 | HTTPException['status'];

interface ProblemOptions {
  readonly status?: Status;
  /** A name of the problem for programs. */
  readonly code?: string;
  /** The field of the request that it is about. */
  readonly param?: string;
  /** Seconds after which to ask again. */
  readonly retryAfter?: number;
}

/** A request that is refused, for a reason that programs can tell from others. */
export class RequestProblem extends UserError {
  readonly status: Status;
  readonly code: string | null;
  readonly param: string | null;
  readonly retryAfter: number | undefined;

  constructor(message: string, { status = 400, code, param, retryAfter }: ProblemOptions = {}) {
    super(message);
    this.status = status;
    this.code = code ?? null;
    this.param = param ?? null;
    this.retryAfter = retryAfter;
  }
}

const unready = (message: string): RequestProblem =>
  new RequestProblem(`${message}; try again later`, {
    status: 503,
    code: 'server_not_ready',
    retryAfter: RETRY_AFTER_SECONDS,
  });

/** @param doing what the server is doing instead */
export const notReadyProblem = (doing: string): RequestProblem => unready(`the server is not ready: ${doing}`);

/** What a server that is to stop says to what it does not answer any more. */
export const stoppingProblem = (): RequestProblem => unready('the server is stopping');

/** What a server says that has lost its device, and with it every model. */
export const lostProblem = (): RequestProblem => unready('the server is stopping, as its device has failed');

/** Errors about a field begin so; see `completions-schema.ts` and `request-lists.ts`. */
const FIELD = /^request: ([a-z_]+)[.:]/;

/** What was thrown while a request was answered, as the problem that its client is told of. */
export function asProblem(cause: unknown): RequestProblem {
  if (cause instanceof RequestProblem) return cause;
  if (cause instanceof DeviceLost) return new RequestProblem(cause.message, { status: 503 });
  if (cause instanceof UserError) {
    const param = FIELD.exec(cause.message)?.[1];
    return new RequestProblem(cause.message, param === undefined ? {} : { code: 'invalid_value', param });
  }
  if (!(cause instanceof HTTPException)) return new RequestProblem(DEFECT, { status: 500 });
  const { message, status } = cause;
  return new RequestProblem(
    message,
    status === 503 ? { status, code: 'server_overloaded', retryAfter: RETRY_AFTER_SECONDS } : { status },
  );
}

/** What a client is told of a defect, which may name files. */
const DEFECT = 'the server failed at this request; its log says why';

/** Whether it is a defect of the server, which is to be logged. */
export const isDefect = (cause: unknown): boolean => !(cause instanceof UserError || cause instanceof HTTPException);

export function errorObject({ message, status, code, param }: RequestProblem) {
  const type = status === 429 ? 'rate_limit_error' : status < 500 ? 'invalid_request_error' : 'server_error';
  return { message, type, param, code };
}

/** The answer to a request that failed. */
export function problemResponse(c: Context, cause: unknown): Response {
  const problem = asProblem(cause);
  if (problem.retryAfter !== undefined) c.header('retry-after', String(problem.retryAfter));
  if (problem.status === 401) c.header('www-authenticate', 'Bearer');
  return c.json({ error: errorObject(problem) }, problem.status);
}
