/**
 * @file Log-probabilities of given tokens, for many texts in one run. Those of a text depend neither on the texts packed
 * beside it nor on the number of threads.
 */

import type { Program } from '../engine/runtime/program.ts';
import { Turns } from '../engine/runtime/turns.ts';
import { extent } from '../engine/tensor.ts';
import { type PackedBatch, type PackingLimits, packRequests, type ScoringRequest } from './packing.ts';

/** The scores of a continuation's tokens, in order. */
export interface ContinuationScores {
  /** Log-probabilities in nats; 0 for a token of −1. */
  readonly values: Float32Array;
  /** The K most likely tokens in the place of each, most likely first; empty for K = 0. */
  readonly topIds: Int32Array;
  readonly topValues: Float32Array;
}

export class Scorer {
  readonly #program: Program;
  readonly #limits: PackingLimits;
  readonly #isDeviceWanted: () => boolean;
  readonly #turns = new Turns();
  /** Milliseconds of the last run. */
  #taken = 0;
  /** K, how many of the most likely tokens are given for each. */
  readonly top: number;

  /**
   * @param program a compiled plan of `planScoring`
   * @param positions the context length of the model
   * @param isDeviceWanted whether other programs wait for the device: they get as much of its time as scoring, however many
   * requests wait to be scored
   */
  constructor(program: Program, positions: number, isDeviceWanted: () => boolean = () => false) {
    this.#isDeviceWanted = isDeviceWanted;
    this.#program = program;
    const { plan } = program;
    const rows = inputExtent(program, 'rows', 0);
    this.#limits = { tokens: plan.length, segments: inputExtent(program, 'segments', 0), rows, positions };
    const ids = plan.results.get('topIds');
    this.top = ids ? extent(ids, 1) : 0;
  }

  /**
   * The scores of the continuations of each request, in order. Ends early when the signal is aborted or the backend closed.
   * @throws UserError when a request has no context or is too long.
   */
  async *score(
    requests: Iterable<ScoringRequest>,
    signal?: AbortSignal,
  ): AsyncGenerator<readonly ContinuationScores[], void> {
    let gathered: ContinuationScores[] = [];
    for (const batch of packRequests(requests, this.#limits)) {
      const scores = await this.#turns.take(() => this.#share(() => this.#run(batch, signal)));
      if (!scores) return;
      for (const [index, part] of batch.parts.entries()) {
        gathered.push(...(scores[index] ?? []));
        if (!part.isLast) continue;
        yield gathered;
        gathered = [];
      }
    }
  }

  async #share<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.#isDeviceWanted()) await new Promise((resolve) => setTimeout(resolve, this.#taken));
    const start = performance.now();
    try {
      return await run();
    } finally {
      this.#taken = performance.now() - start;
    }
  }

  async #run(batch: PackedBatch, signal: AbortSignal | undefined): Promise<ContinuationScores[][] | undefined> {
    const count = batch.rows.length;
    const values = new Float32Array(count);
    const topIds = new Int32Array(count * this.top);
    const topValues = new Float32Array(count * this.top);
    const segments = new Int32Array(4 * this.#limits.segments);
    segments.set(batch.segments);
    const inputs = {
      tokens: Int32Array.from(batch.tokens),
      positions: Int32Array.from(batch.positions),
      segments,
      rows: Int32Array.from(batch.rows),
      targets: Int32Array.from(batch.targets),
      count,
    };
    const results = this.top > 0 ? { values, topIds, topValues } : { values };
    const options = { batch: 1, length: batch.tokens.length, signal, results };
    if ((await this.#program.run(inputs, options)) === 'stopped') return undefined;

    let end = 0;
    return batch.parts.map(({ continuations }) =>
      continuations.map(({ length }) => {
        const start = end;
        end += length;
        return {
          values: values.subarray(start, end),
          topIds: topIds.subarray(start * this.top, end * this.top),
          topValues: topValues.subarray(start * this.top, end * this.top),
        };
      }),
    );
  }
}

function inputExtent({ plan }: Program, input: string, axis: number): number {
  const field = plan.inputs.get(input);
  if (!field) throw new TypeError(`this program has no input ${input}`);
  return extent(field.tensor, axis);
}
