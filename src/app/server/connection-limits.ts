/** @file The limits of connections to every server of miniLLM. */

/** Connections at once. A new one replaces the one that has been idle longest; if none is idle, the new one is closed. */
export const MAX_CONNECTIONS = 512;
/** The request line and all headers. */
export const MAX_HEADER_BYTES = 16 * 1024;
/** Time for the headers of a request to arrive. */
export const HEADERS_SECONDS = 10;
/** Time for a request with its body to arrive. */
export const REQUEST_SECONDS = 30;
/** How long a connection may be idle between two requests. */
export const KEEP_ALIVE_SECONDS = 30;
/** How long a client may take nothing of an answer that waits for it. */
export const STALLED_SECONDS = 30;
/** Requests after which a connection is closed. */
export const MAX_REQUESTS_PER_CONNECTION = 10_000;

/** The limits for `--help`, one line each. */
export function describeConnectionLimits(): readonly string[] {
  return [
    `at most ${MAX_CONNECTIONS} connections at once; a new one replaces the one that has been idle longest`,
    `at most ${MAX_HEADER_BYTES / 1024} KiB of headers, which must arrive within ${HEADERS_SECONDS} s; the whole request within ${REQUEST_SECONDS} s`,
    `a connection is closed after ${KEEP_ALIVE_SECONDS} s without a request, after ${STALLED_SECONDS} s without taking any of its answer, and after ${MAX_REQUESTS_PER_CONNECTION.toLocaleString('en')} requests`,
  ];
}
