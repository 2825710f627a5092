/** @file What every server of miniLLM allows a connection, whoever is on its other end. */

/** Connections at once. A new one takes the place of the one that has been idle longest; where none is, it is closed. */
export const MAX_CONNECTIONS = 512;
/** Of the request line and all headers. */
export const MAX_HEADER_BYTES = 16 * 1024;
/** In which the headers of a request must come. */
export const HEADERS_SECONDS = 10;
/** In which a request must come with its body. */
export const REQUEST_SECONDS = 30;
/** How long a connection may be idle between two requests. */
export const KEEP_ALIVE_SECONDS = 30;
/** How long a client may take nothing at all of an answer that waits for it. */
export const STALLED_SECONDS = 30;
/** After which a connection is closed. */
export const MAX_REQUESTS_PER_CONNECTION = 10_000;

/** The limits as a person reads them, a line each. */
export function describeConnectionLimits(): readonly string[] {
  return [
    `${MAX_CONNECTIONS} connections at once; a new one takes the place of the one that has been idle longest`,
    `${MAX_HEADER_BYTES / 1024} KiB of headers, which must come in ${HEADERS_SECONDS} s; a request with its body in ${REQUEST_SECONDS} s`,
    `an idle connection is closed after ${KEEP_ALIVE_SECONDS} s or ${MAX_REQUESTS_PER_CONNECTION.toLocaleString('en')} requests; one that takes nothing of its answer after ${STALLED_SECONDS} s`,
  ];
}
