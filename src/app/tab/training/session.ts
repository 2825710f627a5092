/**
 * @file Training in a tab: the loop of the command line over stories in memory, told to the page as it happens. It runs in
 * a worker; what it needs of the browser is handed in.
 */

import type { TokenSplits } from '../../../data/sharding/tokens-in-memory.ts';
import type { StoryOptions } from '../../../data/stories/stories.ts';
import { storyTokens } from '../../../data/stories/story-tokens.ts';
import type { Backend } from '../../../engine/runtime/backend.ts';
import type { Gpt2Config } from '../../../formats/gpt2-config.ts';
import { zipCheckpoint } from '../../../library/checkpoint-zip.ts';
import { KeptRun, type KeptRunParts } from '../../../library/kept-run.ts';
import type { RunStorage } from '../../../library/run-storage.ts';
import { messageOf } from '../../../support/errors.ts';
import type { TrainerEvent } from '../../../train/events.ts';
import { runOnTokens } from '../../../train/run-on-tokens.ts';
import type { Settings } from '../../../train/settings.ts';
import type { EndedEvent, TrainingEvent, TrainingRequest } from './messages.ts';

export interface SessionParts {
  /** Of a new run; one that is kept goes on with its own. */
  readonly settings: Settings;
  readonly modelConfig: Gpt2Config;
  readonly stories: StoryOptions;
  /** Opens the device for a stretch of training, which closes it. */
  readonly openDevice: () => Promise<Backend>;
  readonly storage: RunStorage;
  readonly send: (event: TrainingEvent) => void;
}

export class TrainingSession {
  readonly #parts: SessionParts;
  #run: Promise<KeptRun>;
  #data: TokenSplits | undefined;
  /** The stretch of training under way, and what stops it. */
  #training: { readonly stop: AbortController; readonly ended: Promise<unknown> } | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#run = KeptRun.open(this.#runParts);
  }

  /** Does what the page asks for; what comes of it is sent. */
  async receive({ kind }: TrainingRequest): Promise<void> {
    try {
      if (kind === 'recall') await this.#recall();
      else if (kind === 'train') await this.#train();
      else if (kind === 'stop') await this.#stop();
      else if (kind === 'forget') await this.#forget();
      else await this.#download();
    } catch (cause) {
      this.#parts.send({ kind: 'failed', message: messageOf(cause) });
    }
  }

  get #runParts(): KeptRunParts {
    const { send } = this.#parts;
    return {
      ...this.#parts,
      onLost: () => send({ kind: 'lost' }),
      onRefused: (reason) => send({ kind: 'unkept', reason }),
    };
  }

  async #recall(): Promise<void> {
    const { step, settings, metrics } = await this.#run;
    const { steps, totalBatchSize: tokensPerStep } = settings;
    this.#parts.send({ kind: 'recalled', step, steps, tokensPerStep, metrics });
  }

  async #train(): Promise<void> {
    if (this.#training) return;
    const stop = new AbortController();
    const stretch = this.#trainUntil(stop.signal).finally(() => {
      this.#training = undefined;
    });
    this.#training = { stop, ended: stretch.catch(() => undefined) };
    // only now: the page may at once ask for the next
    this.#parts.send(await stretch);
  }

  async #trainUntil(signal: AbortSignal): Promise<EndedEvent> {
    const { send, stories, openDevice } = this.#parts;
    const kept = await this.#run;
    send({ kind: 'preparing', what: 'stories' });
    this.#data ??= await storyTokens(stories);
    send({ kind: 'preparing', what: 'device' });
    const backend = await openDevice();
    const { settings, modelConfig } = kept;
    const run = { settings, modelConfig, tokens: this.#data, backend, store: kept, signal };
    try {
      let interrupted = true;
      for await (const event of runOnTokens(run).events()) {
        if (event.kind === 'end') interrupted = event.interrupted;
        const told = toldOf(event);
        if (told) send(told);
      }
      await kept.flush();
      return { kind: 'ended', step: kept.step, interrupted };
    } finally {
      await backend.close();
    }
  }

  async #stop(): Promise<void> {
    this.#training?.stop.abort();
    await this.#training?.ended;
  }

  async #forget(): Promise<void> {
    await this.#stop();
    this.#run = (await this.#run).forget(this.#runParts);
    await this.#recall();
  }

  async #download(): Promise<void> {
    const kept = await this.#run;
    const name = `minillm-stories-step-${kept.step}`;
    const content = await kept.read((tensors) => zipCheckpoint(name, kept.modelConfig, tensors));
    this.#parts.send({ kind: 'file', name: `${name}.zip`, content });
  }
}

/** What the page is told of an event; undefined for what it does not need. */
function toldOf(event: TrainerEvent): TrainingEvent | undefined {
  const { kind } = event;
  if (kind === 'train' || kind === 'eval' || kind === 'sample') return event;
  if (kind === 'start') return { kind: 'started', step: event.step, device: event.device };
  if (kind === 'checkpoint') return { kind, step: event.step };
  return undefined;
}
