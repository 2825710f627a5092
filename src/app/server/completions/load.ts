/** @file The cost of all unanswered requests together, kept within the limits. */

import { HTTPException } from 'hono/http-exception';
import { MAX_REQUESTS, type ModelLimits } from './limits.ts';

type Cost = 'requests' | 'bodyBytes' | 'tokens';

const NAMES: Readonly<Record<Cost, string>> = {
  requests: 'requests',
  bodyBytes: 'bytes of requests',
  tokens: 'tokens of requests',
};

export class Load {
  readonly #limits: Readonly<Record<Cost, number>>;
  readonly #taken: Record<Cost, number> = { requests: 0, bodyBytes: 0, tokens: 0 };

  constructor({ allBodyBytes, allTokens }: ModelLimits) {
    this.#limits = { requests: MAX_REQUESTS, bodyBytes: allBodyBytes, tokens: allTokens };
  }

  /**
   * The share of one more request.
   * @throws HTTPException 503 when there are too many
   */
  enter(): Share {
    const share = new Share((cost, count) => this.#take(cost, count));
    share.take('requests', 1);
    return share;
  }

  #take(cost: Cost, count: number): void {
    if (count > 0 && this.#taken[cost] + count > this.#limits[cost])
      throw new HTTPException(503, {
        message: `the server is busy: it takes at most ${this.#limits[cost]} ${NAMES[cost]} at once; try again later`,
      });
    this.#taken[cost] += count;
  }
}

/** What one request has taken of the limits. */
export class Share {
  readonly #takeFromAll: (cost: Cost, count: number) => void;
  readonly #taken: Record<Cost, number> = { requests: 0, bodyBytes: 0, tokens: 0 };

  constructor(takeFromAll: (cost: Cost, count: number) => void) {
    this.#takeFromAll = takeFromAll;
  }

  /** @throws HTTPException 503 when that exceeds the limit */
  take(cost: Cost, count: number): void {
    this.#takeFromAll(cost, count);
    this.#taken[cost] += count;
  }

  giveBack(cost: Cost): void {
    this.take(cost, -this.#taken[cost]);
  }

  /** Gives all of it back. */
  leave(): void {
    for (const cost of Object.keys(NAMES) as Cost[]) this.giveBack(cost);
  }
}
