/** @file What the app's server is doing: it listens before its models have loaded, and finishes what it began before it stops. */

import type { HttpBindings } from '@hono/node-server';

/** What answers requests once the models have loaded. */
export interface Api {
  fetch(request: Request, bindings: HttpBindings): Response | Promise<Response>;
}

export class ServerState {
  /** What it is doing until it is ready, for a person. */
  message = 'loading';
  /** Undefined until the models have loaded. */
  api: Api | undefined;
  #isStopping = false;
  #requests = 0;
  #whenIdle: (() => void) | undefined;

  get phase(): 'loading' | 'ok' | 'stopping' {
    if (this.#isStopping) return 'stopping';
    return this.api ? 'ok' : 'loading';
  }

  /** How many requests are being answered. */
  get requests(): number {
    return this.#requests;
  }

  /** Notes a request that is being answered; call the result once it has been. */
  begin(): () => void {
    this.#requests++;
    return () => {
      this.#requests--;
      if (this.#requests === 0) this.#whenIdle?.();
    };
  }

  /** Refuses what comes from now on; resolves once everything is answered, or after `milliseconds`. */
  async stop(milliseconds: number): Promise<void> {
    this.#isStopping = true;
    if (this.#requests === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#whenIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
