/**
 * @file Generation of many streams at once: each has a slot of the key-value cache and a position of its own, and one run
 * of the decode program extends them all. A slot that becomes free takes the next waiting prompt.
 */

import type { Program } from '../engine/runtime/program.ts';
import { inTurn } from '../support/event-loop.ts';
import { cacheSize, type GenerationPlans, logitCount } from './programs.ts';
import { checkRequest, type GenerationEvent, type GenerationRequest, Stream, type StreamLimits } from './stream.ts';

/**
 * Generates with the programs of a session. On the CPU, with up to 8 slots, a stream's tokens do not depend on the streams
 * beside it. Requests may overlap: they share the decode runs. Nothing runs unless someone waits for a token.
 */
export class Generator {
  readonly limits: StreamLimits;
  readonly #prefill: Program;
  readonly #decode: Program;
  readonly #pack: Program;
  readonly #slots: (Stream | undefined)[];
  readonly #waiting: Stream[] = [];
  readonly #logits: Float32Array;
  #advancing: Promise<void> | undefined;

  /** @param session one that has the plans of `planGeneration`, under their names */
  constructor(session: { program(name: keyof GenerationPlans): Program }) {
    const [prefill, decode, pack] = [session.program('prefill'), session.program('decode'), session.program('pack')];
    const { slots, positions } = cacheSize(decode.plan);
    this.limits = { positions, vocabularySize: logitCount(decode.plan) };
    this.#prefill = prefill;
    this.#decode = decode;
    this.#pack = pack;
    this.#slots = Array.from({ length: slots }, () => undefined);
    this.#logits = new Float32Array(slots * this.limits.vocabularySize);
  }

  /**
   * The tokens of all streams as they come, each stream's in order, and the end of each. Leaving the loop early ends them.
   * @throws UserError when the request is out of range: prompt and tokens longer than the context, or ids outside the
   * vocabulary.
   */
  async *generate(request: GenerationRequest): AsyncGenerator<GenerationEvent> {
    checkRequest(request, this.limits);
    const events: GenerationEvent[] = [];
    const streams = request.prompts.map((_, index) => new Stream(request, index, (event) => events.push(event)));
    this.#waiting.push(...streams);
    try {
      while (events.length > 0 || streams.some(({ ended }) => !ended)) {
        if (request.signal?.aborted) for (const stream of streams) stream.end('interrupted');
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

  /** Advances every stream by one token; requests that wait at the same time wait for the same run. */
  #advance(): Promise<void> {
    this.#advancing ??= this.#fillSlots()
      .then(() => this.#decodeOnce())
      .finally(() => {
        this.#advancing = undefined;
      });
    return this.#advancing;
  }

  async #fillSlots(): Promise<void> {
    for (let slot = 0; slot < this.#slots.length; slot++) {
      if (this.#slots[slot]?.ended === false) continue;
      do {
        this.#slots[slot] = this.#waiting.shift();
      } while (this.#slots[slot]?.ended);
      const stream = this.#slots[slot];
      if (stream) await this.#readPrompt(stream, slot);
    }
  }

  /** Reads a prompt into its slot, chunk by chunk, and samples the first token after it. */
  async #readPrompt(stream: Stream, slot: number): Promise<void> {
    const prompt = Int32Array.from(stream.prompt);
    const chunk = this.#prefill.plan.length;
    const logits = this.#logits.subarray(0, this.limits.vocabularySize);
    for (let start = 0; start < prompt.length; start += chunk) {
      const tokens = prompt.subarray(start, start + chunk);
      const positions = tokens.map((_, index) => start + index);
      const inputs = { tokens, positions, slots: slot, rows: tokens.length - 1 };
      const outcome = await this.#prefill.run(inputs, { batch: 1, length: tokens.length, results: { logits } });
      if (outcome === 'stopped') return stream.end('interrupted');
    }
    stream.advance(logits);
  }

  async #decodeOnce(): Promise<void> {
    const rows = this.#slots.flatMap((stream, slot) => (stream?.ended === false ? [{ stream, slot }] : []));
    if (rows.length === 0) return;
    const { vocabularySize } = this.limits;
    const logits = this.#logits.subarray(0, rows.length * vocabularySize);
    await this.#pack.refresh();
    const outcome = await this.#decode.run(
      {
        tokens: Int32Array.from(rows, ({ stream }) => stream.lastToken),
        positions: Int32Array.from(rows, ({ stream }) => stream.position),
        slots: Int32Array.from(rows, ({ slot }) => slot),
        rows: Int32Array.from(rows, (_, row) => row),
      },
      { batch: rows.length, length: 1, results: { logits } },
    );
    for (const [row, { stream }] of rows.entries()) {
      if (outcome === 'stopped') stream.end('interrupted');
      else await inTurn(() => stream.advance(this.#logits.subarray(row * vocabularySize, (row + 1) * vocabularySize)));
    }
  }
}
