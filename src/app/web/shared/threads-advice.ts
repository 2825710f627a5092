/** @file What a page that computes on one thread says of more. */

/** What keeps the page from sharing memory with threads. */
export function threadsAdvice(): string {
  if (!isSecureContext) return ': open the page over HTTPS';
  return self === top ? ', which its host or this browser does not allow' : ': open the page by itself, not in a frame';
}
