/**
 * @file The models that are served, by their names. All run on one device and take turns there. The main model and the one
 * beside it stay; checkpoints of the run are read when they are asked for, and a few are kept.
 */

import { HTTPException } from 'hono/http-exception';
import type { Backend } from '../../../engine/runtime/backend.ts';
import { Turns } from '../../../engine/runtime/turns.ts';
import type { InferencePrecision } from '../../../model/inference-precision.ts';
import { MAX_OPEN_CHECKPOINTS } from '../completions/limits.ts';
import { type LanguageModel, loadLanguageModel } from './language-model.ts';
import type { MainModel, ModelSource } from './served-model.ts';

/** A model that stays in memory until it is released. */
export interface Lease {
  readonly model: LanguageModel;
  release(): void;
}

interface OpenModel {
  readonly model: Promise<LanguageModel>;
  /** Once it has been read. */
  loaded: LanguageModel | undefined;
  leases: number;
  /** When it was leased last, counted in leases. */
  used: number;
}

export class ModelPool {
  readonly main: MainModel;
  readonly backend: Backend;
  readonly precision: InferencePrecision;
  #compared: ModelSource | undefined;
  readonly #open = new Map<string, OpenModel>();
  readonly #opening = new Turns();
  #leases = 0;

  /** @param backend opened for the activations of `precision`; the pool closes it */
  constructor(backend: Backend, precision: InferencePrecision, main: MainModel) {
    this.backend = backend;
    this.precision = precision;
    this.main = main;
  }

  /** The model beside the main one. */
  get compared(): ModelSource | undefined {
    return this.#compared;
  }

  /** The models that are in memory now. */
  get models(): readonly LanguageModel[] {
    return [...this.#open.values()].flatMap(({ loaded }) => loaded ?? []);
  }

  /** Reads the main model. @throws UserError when it does not fit in memory, or a file is damaged */
  async loadMain(): Promise<void> {
    (await this.lease(this.main)).release();
  }

  /** Reads a model to stand beside the main one. @throws UserError as `loadMain` does */
  async loadCompared(compared: ModelSource): Promise<void> {
    this.#compared = compared;
    try {
      (await this.lease(compared)).release();
    } catch (cause) {
      this.#compared = undefined;
      throw cause;
    }
  }

  /** Every model that may be asked for. */
  async list(): Promise<readonly ModelSource[]> {
    const named = this.#compared ? [this.main, this.#compared] : [this.main];
    const checkpoints = await this.main.checkpoints();
    return [...named, ...checkpoints.filter(({ id }) => named.every((source) => source.id !== id))];
  }

  /** The model of a name; without one the main model. */
  async find(id: string | undefined): Promise<ModelSource | undefined> {
    if (id === undefined || id === this.main.id) return this.main;
    if (id === this.#compared?.id) return this.#compared;
    if (!id.startsWith(`${this.main.id}@`)) return undefined;
    return (await this.main.checkpoints()).find((source) => source.id === id);
  }

  /**
   * Keeps a model in memory, where it is read to if need be.
   * @throws UserError when it does not fit in memory or a file is damaged; HTTPException 503 when as many checkpoints as
   * are kept are all in use
   */
  async lease(source: ModelSource): Promise<Lease> {
    const open = this.#open.get(source.key) ?? this.#begin(source);
    open.leases++;
    open.used = ++this.#leases;
    const release = (): void => {
      open.leases--;
    };
    try {
      return { model: await open.model, release };
    } catch (cause) {
      release();
      throw cause;
    }
  }

  #begin(source: ModelSource): OpenModel {
    this.#makeRoom();
    const model = this.#opening.take(() => this.#read(source));
    const open: OpenModel = { model, loaded: undefined, leases: 0, used: 0 };
    this.#open.set(source.key, open);
    model.then(
      (loaded) => {
        open.loaded = loaded;
      },
      () => this.#open.delete(source.key),
    );
    return open;
  }

  async #read(source: ModelSource): Promise<LanguageModel> {
    const weights = await source.open();
    try {
      return await loadLanguageModel(this.backend, weights, this.precision);
    } finally {
      await weights.close();
    }
  }

  /** Closes the checkpoint that was used longest ago, if there are as many as are kept. */
  #makeRoom(): void {
    const kept = [this.main.key, this.#compared?.key];
    const checkpoints = [...this.#open].filter(([key]) => !kept.includes(key));
    if (checkpoints.length < MAX_OPEN_CHECKPOINTS) return;
    const idle = checkpoints.filter(([, { leases }]) => leases === 0).sort(([, a], [, b]) => a.used - b.used);
    const [oldest] = idle;
    if (!oldest)
      throw new HTTPException(503, {
        message: `the server is busy: it has ${MAX_OPEN_CHECKPOINTS} checkpoints in memory, all in use; try again later`,
      });
    const [key, { model }] = oldest;
    this.#open.delete(key);
    void model.then((unused) => unused.close());
  }

  /** Ends what is running and frees the device. */
  close(): Promise<void> {
    return this.backend.close();
  }
}
