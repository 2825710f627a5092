/** @file Weights in the browser's cache (https://developer.mozilla.org/docs/Web/API/Cache), one for each address of a page. */

import type { SliceStorage } from '#minillm/app/tab/kept-weights.js';

export class WeightCache implements SliceStorage {
  readonly #page: URL;

  constructor(page: URL) {
    this.#page = page;
  }

  async get(sha256: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const answer = await (await this.#open()).match(this.#address(sha256));
    return answer && new Uint8Array(await answer.arrayBuffer());
  }

  async put(sha256: string, slice: Uint8Array<ArrayBuffer>): Promise<void> {
    await (await this.#open()).put(this.#address(sha256), new Response(slice));
  }

  async retain(sha256: ReadonlySet<string>): Promise<void> {
    const cache = await this.#open();
    const kept = new Set([...sha256].map((hash) => this.#address(hash)));
    for (const request of await cache.keys()) if (!kept.has(request.url)) await cache.delete(request);
  }

  async #open(): Promise<Cache> {
    if (!('caches' in globalThis)) throw new Error('it needs HTTPS');
    return caches.open(`weights of ${this.#page}`);
  }

  /** Nothing is there: entries have to have an address. */
  #address(sha256: string): string {
    return new URL(`weights/${sha256}`, this.#page).href;
  }
}
