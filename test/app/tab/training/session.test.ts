/** Training in a tab, here over a channel of messages in Node and on the CPU backend. */

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { unzipSync } from 'fflate';
import { afterEach, describe, expect, it } from 'vitest';
import type { TrainingEvent, TrainingRequest } from '#minillm/app/tab/training/messages.js';
import { TrainingSession } from '#minillm/app/tab/training/session.js';
import { openBackend } from '#minillm/backends/open.js';
import type { Backend } from '#minillm/engine/runtime/backend.js';
import { openGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { gpt2TokenizerFiles } from '#minillm/formats/gpt2-tokenizer-files.js';
import type { RunStorage, SavedRun } from '#minillm/library/run-storage.js';
import { withDefaults } from '#minillm/train/defaults.js';
import type { Settings } from '#minillm/train/settings.js';
import { unpack } from '../../../support/unpack.ts';

const STEPS = 12;

/** GPT-2's vocabulary, so that stories are tokens and texts are sampled, and hardly anything else. */
const MODEL = {
  layers: 1,
  heads: 1,
  channels: 8,
  contextLength: 32,
  vocabularySize: 50257,
  layerNormEpsilon: 1e-5,
};

const SETTINGS: Settings = withDefaults(
  {
    data: 'stories',
    out: 'memory',
    threads: 2,
    batchSize: 4,
    totalBatchSize: 128,
    steps: STEPS,
    learningRate: 0.02,
    warmupSteps: 0,
    evalEvery: 5,
    evalTokens: 256,
    checkpointEvery: 4,
    sampleEvery: 6,
    samplePrompt: 'Once',
    sampleTokens: 8,
  },
  MODEL.contextLength,
);

/** Keeps a copy of what is saved, as a browser does. */
class MemoryStorage implements RunStorage {
  saved: SavedRun | undefined;

  async load(): Promise<SavedRun | 'damaged' | undefined> {
    return structuredClone(this.saved);
  }

  async save(run: SavedRun): Promise<void> {
    this.saved = structuredClone(run);
  }

  async clear(): Promise<void> {
    this.saved = undefined;
  }
}

const openCpu = (): Promise<Backend> => openBackend({ device: 'cpu', threads: 2 });

/** The page's side of a session. */
class Page {
  readonly events: TrainingEvent[] = [];
  readonly #port: MessagePort;
  readonly #close: () => void;
  #onEvent: (event: TrainingEvent) => void = () => {};

  constructor(storage: RunStorage, openDevice = openCpu) {
    const { port1, port2 } = new MessageChannel();
    const session = new TrainingSession({
      settings: SETTINGS,
      modelConfig: MODEL,
      stories: { count: 200, seed: 1 },
      openDevice,
      storage,
      send: (event) => port2.postMessage(event),
    });
    port2.on('message', (request: TrainingRequest) => session.receive(request));
    port1.on('message', (event: TrainingEvent) => {
      this.events.push(event);
      this.#onEvent(event);
    });
    this.#port = port1;
    this.#close = () => port1.close();
    pages.push(this);
  }

  ask(kind: TrainingRequest['kind']): void {
    this.#port.postMessage({ kind });
  }

  /** The next event that fits; the training is asked to stop once one fits `stopAt`. */
  until<Kind extends TrainingEvent['kind']>(
    kind: Kind,
    stopAt: (event: TrainingEvent) => boolean = () => false,
  ): Promise<Extract<TrainingEvent, { kind: Kind }>> {
    return new Promise((resolve, reject) => {
      this.#onEvent = (event) => {
        if (stopAt(event)) this.ask('stop');
        if (event.kind === kind) resolve(event as Extract<TrainingEvent, { kind: Kind }>);
        else if (event.kind === 'failed') reject(new Error(event.message));
      };
    });
  }

  /** Trains to the end, or until it has stopped. */
  async train(stopAt?: (event: TrainingEvent) => boolean): Promise<{ step: number; interrupted: boolean }> {
    const end = this.until('ended', stopAt);
    this.ask('train');
    return end;
  }

  async recall(): Promise<Extract<TrainingEvent, { kind: 'recalled' }>> {
    const recalled = this.until('recalled');
    this.ask('recall');
    return recalled;
  }

  async download(): Promise<Extract<TrainingEvent, { kind: 'file' }>> {
    const file = this.until('file');
    this.ask('download');
    return file;
  }

  of<Kind extends TrainingEvent['kind']>(kind: Kind): Extract<TrainingEvent, { kind: Kind }>[] {
    return this.events.filter((event) => event.kind === kind) as Extract<TrainingEvent, { kind: Kind }>[];
  }

  close(): void {
    this.#close();
  }
}

const pages: Page[] = [];
afterEach(() => {
  for (const page of pages.splice(0)) page.close();
});

const isStep = (step: number) => (event: TrainingEvent) => event.kind === 'train' && event.step === step;

/** What a run computed: its bits, and its log without what the clock says. */
function outcome({ saved }: MemoryStorage) {
  const { progress, tensors = new Map<string, Float32Array>(), metrics = [] } = saved ?? {};
  const log = metrics.map((line) => (line.kind === 'train' ? { ...line, ms: 0, tokensPerSecond: 0, mfu: 0 } : line));
  return { progress, log, tensors };
}

describe('training in a tab', () => {
  it('lowers training and validation loss and shows texts on the way', async () => {
    const page = new Page(new MemoryStorage());
    expect(await page.train()).toMatchObject({ step: STEPS, interrupted: false });
    const losses = page.of('train').map(({ loss }) => loss);
    expect(losses).toHaveLength(STEPS);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 1);
    const validation = page.of('eval').map(({ validationLoss }) => validationLoss);
    expect(page.of('eval').map(({ step }) => step)).toEqual([0, 5, 10, STEPS]);
    expect(validation.at(-1)).toBeLessThan((validation[0] ?? 0) - 1);
    expect(new Set(page.of('sample').map(({ step }) => step))).toEqual(new Set([0, 6, STEPS]));
    for (const { text } of page.of('sample')) expect(text).toMatch(/^Once/);
  });

  it('that is stopped goes on, in the same page or in another, to the bits of a run without a break', async () => {
    const [whole, parts] = [new MemoryStorage(), new MemoryStorage()];
    await new Page(whole).train();
    const page = new Page(parts);
    expect(await page.train(isStep(2))).toMatchObject({ interrupted: true });
    await page.train(isStep(6));
    page.close();
    const other = new Page(parts);
    const { step, metrics } = await other.recall();
    expect(step).toBeLessThan(STEPS);
    expect(metrics.filter(({ kind }) => kind === 'train')).toHaveLength(step);
    expect(await other.train()).toMatchObject({ step: STEPS, interrupted: false });
    const [expected, found] = [outcome(whole), outcome(parts)];
    expect(found.progress).toEqual(expected.progress);
    expect(found.log).toEqual(expected.log);
    expect([...found.tensors.keys()]).toEqual([...expected.tensors.keys()]);
    for (const [name, values] of found.tensors)
      expect(Buffer.compare(bytesOf(values), bytesOf(expected.tensors.get(name)))).toBe(0);
  });

  it('that is killed goes on from what was last kept', async () => {
    const [whole, parts] = [new MemoryStorage(), new MemoryStorage()];
    await new Page(whole).train();
    const kept: SavedRun[] = [];
    const save = parts.save.bind(parts);
    parts.save = async (run) => {
      await save(run);
      if (parts.saved) kept.push(parts.saved);
    };
    await new Page(parts).train();
    parts.saved = kept.find(({ progress }) => progress.step === 5);
    parts.save = save;
    expect(await new Page(parts).train()).toMatchObject({ step: STEPS });
    for (const [name, values] of outcome(parts).tensors)
      expect(Buffer.compare(bytesOf(values), bytesOf(outcome(whole).tensors.get(name)))).toBe(0);
    expect(outcome(parts).log).toEqual(outcome(whole).log);
  });

  it('gives a zip of a folder that opens with the same weights, and has the tokenizer', async () => {
    const storage = new MemoryStorage();
    const page = new Page(storage);
    await page.train(isStep(3));
    const { name, content } = await page.download();
    const { progress, tensors } = outcome(storage);
    expect(name).toBe(`minillm-stories-step-${progress?.step}.zip`);
    const folder = await openGpt2Folder(unpack(new Uint8Array(await content.arrayBuffer())));
    try {
      expect(folder.config).toEqual(MODEL);
      for (const { name: parameter } of folder.parameters) {
        const values = new Float32Array(tensors.get(parameter)?.length ?? 0);
        await folder.readInto(parameter, 0, values);
        expect(Buffer.compare(bytesOf(values), bytesOf(tensors.get(parameter)))).toBe(0);
      }
    } finally {
      await folder.close();
    }
    const files = unzipSync(new Uint8Array(await content.arrayBuffer()));
    const names = Object.keys(files).map((path) => path.slice(path.indexOf('/') + 1));
    expect(names).toEqual([
      'model.safetensors',
      'config.json',
      'generation_config.json',
      ...gpt2TokenizerFiles(MODEL).keys(),
    ]);
  });

  it('begins anew once the run is thrown away', async () => {
    const storage = new MemoryStorage();
    const page = new Page(storage);
    await page.train(isStep(3));
    const recalled = page.until('recalled');
    page.ask('forget');
    expect(await recalled).toMatchObject({ step: 0, metrics: [] });
    expect(storage.saved).toBeUndefined();
    await page.train(isStep(0));
    expect(page.of('started').map(({ step }) => step)).toEqual([0, 0]);
  });

  it('throws the run away in the middle of training too', async () => {
    const storage = new MemoryStorage();
    const page = new Page(storage);
    const recalled = page.until('recalled');
    page.ask('train');
    page.ask('forget');
    await recalled;
    expect(storage.saved).toBeUndefined();
  });

  it('says once that the browser keeps nothing, and trains, stops, goes on and gives the file all the same', async () => {
    const storage = new MemoryStorage();
    storage.save = () => Promise.reject(new Error('the quota is used up'));
    const page = new Page(storage);
    await page.train(isStep(5));
    expect(await page.train()).toMatchObject({ step: STEPS, interrupted: false });
    expect(page.of('unkept')).toEqual([{ kind: 'unkept', reason: 'the quota is used up' }]);
    const [, second] = page.of('started');
    expect(second?.step).toBeGreaterThan(5);
    expect((await page.download()).content.size).toBeGreaterThan(1e6);
  });

  it('says that what was kept is damaged, and keeps another run in its place', async () => {
    const storage = new MemoryStorage();
    storage.load = async () => 'damaged';
    const page = new Page(storage);
    expect(await page.recall()).toMatchObject({ step: 0, steps: STEPS, metrics: [] });
    expect(page.of('lost')).toHaveLength(1);
    await page.train(isStep(0));
    expect(storage.saved).toBeDefined();
    expect(page.of('unkept')).toEqual([]);
  });

  it('says that nothing is kept where the storage is closed to it, and begins anew', async () => {
    const storage = new MemoryStorage();
    storage.load = () => Promise.reject(new Error('the visitor is private'));
    const page = new Page(storage);
    expect(await page.recall()).toMatchObject({ step: 0, steps: STEPS, metrics: [] });
    expect(page.of('unkept')).toEqual([{ kind: 'unkept', reason: 'the visitor is private' }]);
  });
});

function bytesOf(values: Float32Array | undefined): Uint8Array {
  return values ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength) : new Uint8Array(0);
}
