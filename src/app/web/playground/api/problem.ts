/** @file What can go wrong with a request, in words for the person who made it. */

/** A request that the server refused, or that did not reach it. */
export class ApiProblem extends Error {
  /** HTTP status; 0 when there was no answer, or only a part of one. */
  readonly status: number;
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfter: number | undefined;

  constructor(message: string, status = 0, retryAfter?: number) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

const CONNECTION_LOST = 'connection lost, run again';

/** The problem behind anything that was thrown while a request was made or its answer read. */
export function asProblem(cause: unknown): ApiProblem {
  return cause instanceof ApiProblem ? cause : new ApiProblem(CONNECTION_LOST);
}

/** The stream ended before the server said that it was done. */
export const cutStream = (): ApiProblem => new ApiProblem(CONNECTION_LOST);

/** The problem that a refused request's answer tells of: the API's error object where there is one. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const text = await response.text().catch(() => '');
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  const message = errorMessage(text) ?? `the server answered ${response.status} ${response.statusText}`.trim();
  return new ApiProblem(message, response.status, Number.isFinite(retryAfter) ? retryAfter : undefined);
}

function errorMessage(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? error.message : undefined;
  } catch {
    return undefined;
  }
}
