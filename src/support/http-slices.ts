/**
 * @file A file behind an address in slices, over `fetch`. One request runs on from slice to slice; where it is cut, or nothing comes
 * for a while, another asks for the rest. What a server that knows no ranges sends again is passed over.
 */

import { messageOf, UserError } from './errors.ts';
import { type Slices, sliceRange } from './sliced-source.ts';

/** How often a slice is asked for before it is given up. */
const ATTEMPTS = 3;
/** For so long nothing may come. */
const STALL_MILLISECONDS = 20_000;
/** What a browser keeps by itself may be an older file, and takes the place of much else. (Node's types do not know of it.) */
const UNCACHED = { cache: 'no-store' };

export class HttpSlices implements Slices {
  readonly name: string;
  readonly size: number;
  #answer: Answer | undefined;
  /** What changes when the file does, as far as the server tells. */
  #version: string | undefined;
  #isClosed = false;

  /** @param size bytes that the file must have */
  constructor(url: string, size: number) {
    this.name = url;
    this.size = size;
  }

  /**
   * Opens a file of whatever size the server tells.
   * @throws UserError when the server cannot be reached, has no such file, or does not tell its size
   */
  static async open(url: string): Promise<HttpSlices> {
    const answer = await Answer.to(url, 0);
    if (answer.size === undefined) {
      await answer.cancel();
      throw new UserError(
        `${url}: expected an answer that tells the file's length, found none; serve the file without compression`,
      );
    }
    const slices = new HttpSlices(url, answer.size);
    slices.#answer = answer;
    slices.#version = answer.version;
    return slices;
  }

  /**
   * @throws UserError when the server cannot be reached or has no such file, the file is not of its size or has changed, or the
   * connection is cut again and again.
   */
  async read(index: number, onArrived: (bytes: number) => void): Promise<Uint8Array<ArrayBuffer>> {
    const { start, end } = sliceRange(index, this.size);
    const slice = new Uint8Array(end - start);
    let filled = 0;
    for (let attempt = 1; ; attempt++)
      try {
        const answer = await this.#answerFrom(start + filled);
        while (filled < slice.length) {
          const piece = await answer.next(slice.length - filled);
          slice.set(piece, filled);
          filled += piece.length;
          onArrived(filled);
        }
        return slice;
      } catch (cause) {
        await this.#hangUp();
        if (cause instanceof UserError || this.#isClosed) throw cause;
        if (attempt === ATTEMPTS)
          throw new UserError(
            `${this.name}: the connection was cut after ${start + filled} of ${this.size} bytes (${messageOf(cause)}); check the connection and try again`,
          );
      }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#hangUp();
  }

  async #hangUp(): Promise<void> {
    const answer = this.#answer;
    this.#answer = undefined;
    await answer?.cancel();
  }

  /** What goes on at a byte of the file. */
  async #answerFrom(position: number): Promise<Answer> {
    if (this.#answer?.position === position) return this.#answer;
    await this.#hangUp();
    const answer = await Answer.to(this.name, position);
    this.#answer = answer;
    if (this.#isClosed) throw new Error('closed');
    this.#check(answer);
    while (answer.position < position) await answer.next(position - answer.position);
    return answer;
  }

  #check({ size = this.size, version }: Answer): void {
    this.#version ??= version;
    if (version !== this.#version)
      throw new UserError(`${this.name}: the file was changed while it was being read; try again`);
    if (size !== this.size)
      throw new UserError(
        `${this.name}: expected ${this.size} bytes, found ${size}; the file is damaged, or has been changed`,
      );
  }
}

/** What a server sends of a file, from one byte on. */
class Answer {
  /** Of the file, as far as the server tells. */
  readonly size: number | undefined;
  readonly version: string;
  /** Of the byte that comes next. */
  position: number;
  readonly #pieces: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #watch: StallWatch;
  /** What has come and not been asked for. */
  #rest: Uint8Array = new Uint8Array(0);

  private constructor({ body, status, headers }: Response, position: number, watch: StallWatch) {
    this.size = status === 206 ? sizeInRange(headers) : sizeOfAll(headers);
    this.version = headers.get('etag') ?? headers.get('last-modified') ?? '';
    this.position = status === 206 ? position : 0;
    this.#pieces = body?.getReader();
    this.#watch = watch;
  }

  /** @throws UserError when there is no answer, or no file */
  static async to(url: string, position: number): Promise<Answer> {
    const watch = new StallWatch();
    const headers: Record<string, string> = position === 0 ? {} : { range: `bytes=${position}-` };
    const asked = fetch(url, { signal: watch.signal, headers, ...UNCACHED });
    const response = await watch.over(asked).catch((cause: unknown) => {
      throw new UserError(`${url}: could not reach it (${reasonOf(cause)}); check the connection and try again`);
    });
    if (response.ok) return new Answer(response, position, watch);
    await response.body?.cancel();
    throw new UserError(`${url}: expected a file, found HTTP status ${response.status}; check the address`);
  }

  /** At most so many of the next bytes. */
  async next(most: number): Promise<Uint8Array> {
    if (this.#rest.length === 0) {
      const { value } = (await this.#watch.over(this.#pieces?.read())) ?? {};
      if (value === undefined) throw new Error('the answer ended early');
      this.#rest = value;
    }
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(most);
    this.position += piece.length;
    return piece;
  }

  async cancel(): Promise<void> {
    // of one that has failed this fails too
    await this.#pieces?.cancel().catch(() => undefined);
  }
}

/** Another origin's server may not show the range; it is the one that was asked for. */
function sizeInRange(headers: Headers): number | undefined {
  const size = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  return size === undefined ? undefined : Number(size);
}

function sizeOfAll(headers: Headers): number | undefined {
  const length = headers.get('content-length');
  // of what is compressed, the length says nothing
  return length === null || headers.has('content-encoding') ? undefined : Number(length);
}

/** What the system said, which some engines only tell as the cause of another error. */
function reasonOf(error: unknown): string {
  return messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
}

/** Ends a request when nothing comes for a while. */
class StallWatch {
  readonly #controller = new AbortController();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits for what comes next. */
  async over<T>(coming: T): Promise<Awaited<T>> {
    const stalled = new Error(`nothing came for ${STALL_MILLISECONDS / 1000} s`);
    const timer = setTimeout(() => this.#controller.abort(stalled), STALL_MILLISECONDS);
    try {
      return await coming;
    } catch (cause) {
      throw this.signal.aborted ? stalled : cause;
    } finally {
      clearTimeout(timer);
    }
  }
}
