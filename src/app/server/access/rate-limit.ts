/** @file How often one client may ask: a bucket of tokens for each address, refilled evenly. */

import { isIPv6 } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';
import { RequestProblem } from '../completions/problem.ts';

/** Addresses that are remembered; of more, the one that asked longest ago is forgotten. */
const MAX_ADDRESSES = 10_000;
const MINUTE = 60_000;

interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

export class RateLimit {
  readonly #perMinute: number;
  readonly #now: () => number;
  /** The address that asked longest ago comes first. */
  readonly #buckets = new Map<string, Bucket>();

  /** @param perMinute requests of one address; as many may come at once @param now in milliseconds */
  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** Takes a request from an address; returns the seconds after which there is room for it, 0 if there is now. */
  take(address: string): number {
    const now = this.#now();
    const before = this.#buckets.get(address) ?? { tokens: this.#perMinute, at: now };
    const tokens = Math.min(this.#perMinute, before.tokens + ((now - before.at) * this.#perMinute) / MINUTE);
    const isAllowed = tokens >= 1;
    this.#buckets.delete(address);
    this.#buckets.set(address, { tokens: isAllowed ? tokens - 1 : tokens, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_ADDRESSES && oldest !== undefined) this.#buckets.delete(oldest);
    return isAllowed ? 0 : ((1 - tokens) * MINUTE) / this.#perMinute / 1000;
  }
}

/** Refuses the requests of an address that come too often. */
export function limitRate(limit: RateLimit): MiddlewareHandler {
  return async (c, next) => {
    const { incoming } = c.env as HttpBindings;
    const seconds = limit.take(clientOf(incoming.socket.remoteAddress ?? ''));
    if (seconds === 0) return next();
    throw new RequestProblem('too many requests from this address; try again later', {
      status: 429,
      code: 'rate_limit_exceeded',
      retryAfter: Math.ceil(seconds),
    });
  };
}

/** One client has a whole /64 of IPv6. An IPv4 address may be written as one of IPv6. */
export function clientOf(address: string): string {
  const ipv4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (ipv4 !== undefined || !isIPv6(address)) return ipv4 ?? address;
  const [front = '', back] = address.split('%')[0]?.split('::') ?? [];
  const groups = front.split(':').filter((group) => group !== '');
  const after = back === undefined ? [] : back.split(':').filter((group) => group !== '');
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => '0');
  return [...groups, ...zeros, ...after].slice(0, 4).join(':');
}
