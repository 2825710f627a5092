/** @file One compiled program of a session, with its input block. */

import type { InputField, Plan } from '../plan.ts';
import { byteLength } from '../tensor.ts';
import type { Backend, Executable, Outcome, ResultTarget } from './backend.ts';
import type { Turns } from './turns.ts';

export type InputValue = number | Int32Array | Float32Array | Float64Array;

/** What a result is copied to, by its type. */
export type ResultValues = Float32Array | Float64Array | Int32Array;

export interface RunOptions {
  /** Active rows; at most the plan's, which is the default. */
  readonly batch?: number;
  readonly length?: number;
  /** Ends the run between two kernels. */
  readonly signal?: AbortSignal | undefined;
  /** Results by name, each filled from its start. */
  readonly results?: Readonly<Record<string, ResultValues>>;
  /** The seconds each node of the plan takes are added to it. */
  readonly seconds?: Float64Array | undefined;
}

/** bfloat16 travels two to a word, int8 four. */
const VIEWS = {
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
  bfloat16: Float32Array,
  int8: Float32Array,
} as const;

type Inputs = Readonly<Record<string, InputValue>>;

export class Program {
  readonly plan: Plan;
  readonly #backend: Backend;
  readonly #executable: Executable;
  readonly #block: ArrayBuffer;
  readonly #turns: Turns;
  /** The version of the parameters that the last completed run read. */
  #parametersVersion = -1;

  constructor(backend: Backend, executable: Executable, turns: Turns) {
    this.plan = executable.plan;
    this.#backend = backend;
    this.#executable = executable;
    this.#turns = turns;
    this.#block = new ArrayBuffer(this.plan.inputBytes);
  }

  /**
   * Sets the inputs (one not named keeps its last value) and runs, after everything asked of the session earlier. The
   * inputs must not change before the promise settles. `stopped` when the signal was aborted or the backend is closed.
   */
  run(inputs: Inputs, options: RunOptions = {}): Promise<Outcome> {
    return this.#turns.take(() => this.#run(inputs, options));
  }

  /**
   * Runs in its turn, but only if the parameters have changed since it last ran: what it derives from them is then up to
   * date.
   */
  refresh(options: Pick<RunOptions, 'signal'> = {}): Promise<Outcome> {
    return this.#turns.take(async () => {
      if (this.#parametersVersion === this.#turns.parametersVersion) return 'completed';
      return this.#run({}, options);
    });
  }

  async #run(
    inputs: Inputs,
    { batch = this.plan.batch, length = this.plan.length, results = {}, signal, seconds }: RunOptions,
  ): Promise<Outcome> {
    if (batch > this.plan.batch || length > this.plan.length)
      throw new RangeError(`${batch}×${length} in a program for at most ${this.plan.batch}×${this.plan.length}`);
    if (this.#backend.closed) return 'stopped';
    new Int32Array(this.#block, 0, 2).set([batch, length]);
    for (const [name, value] of Object.entries(inputs)) this.#setInput(name, value);
    const targets = Object.entries(results).map(([name, values]) => this.#resultTarget(name, values));
    const request = { inputs: new Uint8Array(this.#block), results: targets, signal, seconds };
    const { parametersVersion } = this.#turns;
    const outcome = await this.#backend.run(this.#executable, request);
    if (this.plan.updatesParameters) this.#turns.parametersVersion++;
    if (outcome === 'completed') this.#parametersVersion = parametersVersion;
    return outcome;
  }

  close(): void {
    this.#backend.release(this.#executable);
  }

  #setInput(name: string, value: InputValue): void {
    const field = this.plan.inputs.get(name);
    if (!field) throw new TypeError(`this program has no input ${name}`);
    const target = this.#field(field);
    if (typeof value === 'number') target.fill(value);
    else if (value.length > target.length)
      throw new RangeError(`input ${name} takes ${target.length} values and got ${value.length}`);
    else target.set(value);
  }

  #field({ tensor, byteOffset }: InputField): Exclude<InputValue, number> {
    const View = VIEWS[tensor.dtype];
    return new View(this.#block, byteOffset, byteLength(tensor) / View.BYTES_PER_ELEMENT);
  }

  #resultTarget(name: string, values: ResultValues): ResultTarget {
    const tensor = this.plan.results.get(name);
    if (!tensor) throw new TypeError(`this program has no result ${name}`);
    // bfloat16 travels two to a word
    if (values.byteLength >= byteLength(tensor) + values.BYTES_PER_ELEMENT)
      throw new RangeError(`asked for ${values.byteLength} bytes of result ${name}, which has ${byteLength(tensor)}`);
    return { tensor, values };
  }
}
