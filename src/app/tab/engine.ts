/** @file What a page without a server has instead: the completions API in a worker, over messages. */

import { Hono } from 'hono';
import type { Backend } from '../../engine/runtime/backend.ts';
import { DeviceLost, sparesDevice } from '../../engine/runtime/device-lost.ts';
import type { Precision } from '../../engine/tensor.ts';
import type { Weights } from '../../generate/initial-weights.ts';
import { inferenceTypes } from '../../model/inference-precision.ts';
import { completionsApi } from '../server/completions/completions-api.ts';
import { problemResponse, type RequestProblem } from '../server/completions/problem.ts';
import { ModelPool } from '../server/models/model-pool.ts';
import { tokenTexts } from '../server/token-texts.ts';
import { answerMessages, type TabApplication, type TabBindings } from './answer-messages.ts';
import { describeProgress } from './describe-progress.ts';
import type { Channel, EngineMessage, PageMessage } from './messages.ts';
import type { Site } from './site.ts';
import type { OnProgress } from './site-files.ts';
import { type SiteSources, type StoredModel, siteSources, UnreadWeights } from './site-models.ts';
import type { TabDescription } from './tab-description.ts';
import { explain, tabHost } from './tab-host.ts';

/** What the engine gets from where it runs. */
export interface EngineParts {
  /** @throws UserError when the site's description cannot be read */
  readSite(): Promise<Site>;
  /** @throws UserError when there is no device */
  openBackend(precision: Precision): Promise<Backend>;
  /** @throws UserError when the weights cannot be read */
  openWeights(model: StoredModel, onProgress: OnProgress): Promise<Weights>;
  /** Where the weights came from and whether they are kept, as a sentence; null before any were read. */
  describeWeights(): string | null;
}

interface Loaded {
  readonly api: TabApplication;
  readonly description: TabDescription;
}

/** Answers the page: opens the device and the models when it is first asked, and again after that has failed. */
export function startEngine(channel: Channel<EngineMessage, PageMessage>, parts: EngineParts): void {
  const engine = new Engine(parts, (message) => channel.post({ kind: 'doing', message }));
  answerMessages(channel, engine.app);
}

class Engine {
  readonly app = new Hono<{ Bindings: TabBindings }>();
  readonly #parts: EngineParts;
  /** Tells the page what is being done. */
  readonly #tell: (message: string) => void;
  #message = '';
  #loading: Promise<Loaded> | undefined;
  #loaded: Loaded | undefined;
  #failure: unknown;
  #pool: { readonly pool: ModelPool; readonly sources: SiteSources } | undefined;

  constructor(parts: EngineParts, tell: (message: string) => void) {
    this.#parts = parts;
    this.#tell = tell;
    this.app.get('/app/loading.json', (c) => {
      const failure = this.#failure;
      if (failure !== undefined) {
        // told once: who asks again wants another try
        this.#failure = undefined;
        return problemResponse(c, explain(failure));
      }
      if (!this.#loaded) this.#begin();
      return c.json({ loading: !this.#loaded, message: this.#message });
    });
    this.app.get('/app/tab.json', (c) => c.json(this.#loaded?.description ?? null));
    this.app.route('/', tokenTexts());
    this.app.all('*', async (c) => (await this.#ready()).api.fetch(c.req.raw, c.env));
    this.app.onError((error, c) => problemResponse(c, explain(error)));
  }

  #ready(): Promise<Loaded> {
    return this.#loaded ? Promise.resolve(this.#loaded) : this.#begin();
  }

  #begin(): Promise<Loaded> {
    if (this.#loading) return this.#loading;
    const loading = this.#load();
    this.#loading = loading;
    loading.then(
      (loaded) => {
        this.#loaded = loaded;
      },
      (cause) => {
        this.#failure = cause;
        this.#loading = undefined;
        if (cause instanceof DeviceLost) this.#pool = undefined;
      },
    );
    return loading;
  }

  async #load(): Promise<Loaded> {
    this.#pool ??= await this.#openPool();
    const { pool, sources } = this.#pool;
    const { main, compared } = sources;
    this.#say(`loading ${main.id}`);
    await pool.loadMain();
    let missing: string | null = null;
    try {
      if (compared) {
        this.#say(`loading ${compared.id}`);
        await pool.loadCompared(compared);
      }
    } catch (cause) {
      // what cannot be read now can be later; what does not fit does not
      if (!sparesDevice(cause) || cause instanceof UnreadWeights) throw cause;
      missing = `without ${compared?.id}: ${cause.message}`;
    }
    this.#say('');
    const description = {
      device: pool.backend.description,
      missing,
      weights: this.#parts.describeWeights(),
    };
    const host = { ...tabHost, explain: (cause: unknown) => this.#explain(cause, pool) };
    return { api: completionsApi(pool, host), description };
  }

  /** After a lost device the next request opens it anew. */
  #explain(cause: unknown, lost: ModelPool): RequestProblem {
    if (cause instanceof DeviceLost && this.#pool?.pool === lost) {
      this.#pool = undefined;
      this.#loading = undefined;
      this.#loaded = undefined;
    }
    return explain(cause);
  }

  async #openPool() {
    this.#say('reading what there is');
    const site = await this.#parts.readSite();
    this.#say('starting');
    const backend = await this.#parts.openBackend(inferenceTypes(site.weights).precision);
    const sources = siteSources(site, (model) => this.#openWeights(model));
    return { pool: new ModelPool(backend, site.weights, sources.main), sources };
  }

  async #openWeights(model: StoredModel): Promise<Weights> {
    const weights = await this.#parts.openWeights(model, (loaded, isKept) =>
      this.#say(describeProgress(model.id, loaded, model.file.bytes, isKept)),
    );
    const close = async (): Promise<void> => {
      this.#say('');
      await weights.close();
    };
    return { ...weights, close };
  }

  #say(message: string): void {
    if (message === this.#message) return;
    this.#message = message;
    this.#tell(message);
  }
}
