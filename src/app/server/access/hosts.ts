/**
 * @file The names by which a server answers. A page of another site may have its own name resolve to this machine (DNS
 * rebinding) and would then be taken for a page of this server; so, as with Vite, names must be known.
 */

import { isIP } from 'node:net';
import type { Application } from '../listen.ts';
import { SECURITY_HEADERS } from './headers.ts';

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;

export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/**
 * Refuses requests to other names than loopback's, those in `allowed` (`.example.org` also stands for the names below it)
 * and, unless the server is on loopback, IP addresses: no name resolves to those.
 * @param allowed undefined for a server whose users cannot allow any
 */
export function forKnownHosts(app: Application, host: string, allowed?: readonly string[]): Application['fetch'] {
  const names = [host, ...(allowed ?? [])].map((name) => name.toLowerCase());
  const isKnown = (hostname: string): boolean =>
    isLoopback(hostname) ||
    hostname.endsWith('.localhost') ||
    (!isLoopback(host) && isIP(hostname) > 0) ||
    names.some((name) => hostname === name.replace(/^\./, '') || (name.startsWith('.') && hostname.endsWith(name)));
  return (request, bindings) => {
    const { hostname } = URL.canParse(request.url) ? new URL(request.url) : { hostname: '' };
    if (isKnown(hostname.replace(/^\[|\]$/g, ''))) return app.fetch(request, bindings);
    const advice = allowed ? '; --allowed-host NAME adds one' : '';
    return new Response(`this server does not answer to that name${advice}\n`, {
      status: 403,
      headers: SECURITY_HEADERS,
    });
  };
}
