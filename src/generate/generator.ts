/**
 * @file Generation of many streams at once: each has a slot of the key-value cache and a position of its own, and one run
 * of the decode program extends them all. A slot that becomes free takes the next waiting prompt, which is read in chunks
 * between the steps of the others.
 */

import type { Program } from '../engine/runtime/program.ts';
import { cacheSize, type GenerationPlans, logitCount } from './programs.ts';
import { SamplingRows } from './sampling-rows.ts';
import { checkRequest, type GenerationEvent, type GenerationRequest, Stream, type StreamLimits } from './stream.ts';

/** A run over a few positions takes as long as one over so many: it reads all weights. */
const SHORTEST_READ = 32;

/** How busy a generator is. */
export interface GeneratorLoad {
  /** Streams that have a slot. */
  readonly running: number;
  /** Streams that wait for one; they get it in the order in which they came. */
  readonly waiting: number;
  readonly slots: number;
  /** Positions that the cache holds for the running streams, */
  readonly cachedPositions: number;
  /** of so many. */
  readonly cachePositions: number;
}

interface Running {
  readonly stream: Stream;
  readonly slot: number;
}

/**
 * Generates with the programs of a session. On the CPU, with up to 8 slots, a stream's tokens do not depend on the streams
 * beside it: prompts are read in chunks of `promptLength` whatever else goes on. Requests may overlap: they share the
 * decode runs. Nothing runs unless someone waits for a token.
 */
export class Generator {
  readonly limits: StreamLimits;
  readonly #prefill: Program;
  readonly #decode: Program;
  readonly #pack: Program;
  readonly #slots: number;
  readonly #promptRow: SamplingRows;
  readonly #rows: SamplingRows;
  /** In the order in which they came. */
  #running: readonly Running[] = [];
  #waiting: readonly Stream[] = [];
  #advancing: Promise<void> | undefined;

  /** @param session one that has the plans of `planGeneration`, under their names */
  constructor(session: { program(name: keyof GenerationPlans): Program }) {
    const [prefill, decode, pack] = [session.program('prefill'), session.program('decode'), session.program('pack')];
    const { slots, positions } = cacheSize(decode.plan);
    this.limits = { positions, vocabularySize: logitCount(decode.plan) };
    this.#prefill = prefill;
    this.#decode = decode;
    this.#pack = pack;
    this.#slots = slots;
    this.#promptRow = new SamplingRows(prefill.plan);
    this.#rows = new SamplingRows(decode.plan);
  }

  get load(): GeneratorLoad {
    const running = this.#running.filter(({ stream }) => !stream.ended);
    return {
      running: running.length,
      waiting: this.#waiting.filter(({ ended }) => !ended).length,
      slots: this.#slots,
      cachedPositions: running.reduce((sum, { stream }) => sum + stream.cachedPositions, 0),
      cachePositions: this.#slots * this.limits.positions,
    };
  }

  /**
   * The tokens of all streams as they come, each stream's in order, and the end of each. Leaving the loop early ends them:
   * their slots are free before the next step.
   * @throws UserError when the request is out of range: prompt and tokens longer than the context, or ids outside the
   * vocabulary; and when the model's logits are not numbers.
   */
  async *generate(request: GenerationRequest): AsyncGenerator<GenerationEvent> {
    checkRequest(request, this.limits);
    const events: GenerationEvent[] = [];
    const streams = request.prompts.map((_, index) => new Stream(request, index, (event) => events.push(event)));
    this.#waiting = [...this.#waiting, ...streams];
    try {
      while (events.length > 0 || streams.some(({ ended }) => !ended)) {
        for (const stream of streams) stream.checkSignal();
        const event = events.shift();
        if (event) yield event;
        else await this.#advance();
      }
    } finally {
      for (const stream of streams) stream.ended = true;
    }
  }

  /** The new tokens of every stream, once all have ended; see `generate`. */
  async complete(request: GenerationRequest): Promise<number[][]> {
    const texts: number[][] = request.prompts.map(() => []);
    for await (const event of this.generate(request)) {
      if ('token' in event) texts[event.stream]?.push(event.token);
    }
    return texts;
  }

  /** One turn; requests that wait at the same time wait for the same one. */
  #advance(): Promise<void> {
    this.#advancing ??= this.#turn().finally(() => {
      this.#advancing = undefined;
    });
    return this.#advancing;
  }

  /** Reads prompts, at most a chunk's worth of positions, then extends every stream whose prompt has been read. */
  async #turn(): Promise<void> {
    this.#fillSlots();
    const chunk = this.#prefill.plan.length;
    let room = chunk;
    for (const next of this.#running) {
      while (!next.stream.ended && !next.stream.decodes) {
        const length = Math.min(chunk, next.stream.prompt.length - next.stream.read);
        const cost = Math.min(chunk, Math.max(length, SHORTEST_READ));
        if (cost > room) return this.#decodeOnce();
        room -= cost;
        await this.#readPrompt(next, length);
      }
    }
    return this.#decodeOnce();
  }

  #fillSlots(): void {
    for (const stream of [...this.#waiting, ...this.#running.map(({ stream }) => stream)]) stream.checkSignal();
    this.#waiting = this.#waiting.filter(({ ended }) => !ended);
    const running = this.#running.filter(({ stream }) => !stream.ended);
    const taken = new Set(running.map(({ slot }) => slot));
    const free = Array.from({ length: this.#slots }, (_, slot) => slot).filter((slot) => !taken.has(slot));
    const next = this.#waiting.slice(0, free.length).map((stream, index) => ({ stream, slot: free[index] ?? 0 }));
    this.#waiting = this.#waiting.slice(next.length);
    this.#running = [...running, ...next];
  }

  /** Reads the next `length` positions of a prompt and, when they are its last, samples the first token after it. */
  async #readPrompt({ stream, slot }: Running, length: number): Promise<void> {
    await this.#pack.refresh();
    const start = stream.read;
    const tokens = stream.prompt.subarray(start, start + length);
    const isLast = start + length === stream.prompt.length;
    this.#promptRow.set([isLast ? stream.sampling(this.limits.vocabularySize) : undefined]);
    const inputs = {
      tokens,
      positions: tokens.map((_, index) => start + index),
      slots: slot,
      rows: length - 1,
      ...this.#promptRow.inputs,
    };
    const results = isLast ? this.#promptRow.results : {};
    if ((await this.#prefill.run(inputs, { batch: 1, length, results })) === 'stopped')
      return stream.end('interrupted');
    stream.read += length;
    if (isLast) stream.accept(this.#promptRow.token(0));
  }

  async #decodeOnce(): Promise<void> {
    const rows = this.#running.filter(({ stream }) => !stream.ended && stream.decodes);
    if (rows.length === 0) return;
    await this.#pack.refresh();
    this.#rows.set(rows.map(({ stream }) => stream.sampling(this.limits.vocabularySize)));
    const outcome = await this.#decode.run(
      {
        tokens: Int32Array.from(rows, ({ stream }) => stream.lastToken),
        positions: Int32Array.from(rows, ({ stream }) => stream.position),
        slots: Int32Array.from(rows, ({ slot }) => slot),
        rows: Int32Array.from(rows, (_, row) => row),
        ...this.#rows.inputs,
      },
      { batch: rows.length, length: 1, results: this.#rows.results },
    );
    for (const [row, { stream }] of rows.entries()) {
      if (outcome === 'stopped') stream.end('interrupted');
      else if (!stream.ended) stream.accept(this.#rows.token(row));
    }
  }
}
