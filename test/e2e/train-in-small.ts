/** @file The training of a tab in small, for any engine that runs WebAssembly: Node, or a browser that is given these modules. */

import { TrainingSession } from '#minillm/app/tab/training/session.js';
import type { Backend } from '#minillm/engine/runtime/backend.js';
import type { Precision } from '#minillm/engine/tensor.js';
import type { RunStorage } from '#minillm/library/run-storage.js';
import { hexadecimal } from '#minillm/support/hex.js';
import { withDefaults } from '#minillm/train/defaults.js';

const MODEL = {
  layers: 2,
  heads: 2,
  channels: 32,
  contextLength: 32,
  vocabularySize: 50257,
  layerNormEpsilon: 1e-5,
};

const STEPS = 6;

export interface Outcome {
  /** In their order. */
  readonly losses: readonly number[];
  readonly texts: readonly string[];
  /** The sha256 of what is kept at the end, weights and moments, by their names. */
  readonly tensors: Readonly<Record<string, string>>;
}

/** Trains and writes on a device. */
export async function trainInSmall(precision: Precision, openDevice: () => Promise<Backend>): Promise<Outcome> {
  const losses: number[] = [];
  const texts: string[] = [];
  let tensors: Record<string, string> = {};
  const storage: RunStorage = {
    load: async () => undefined,
    save: async (run) => {
      const hashes = [...run.tensors].map(async ([name, values]) => [name, await sha256(values.slice())] as const);
      tensors = Object.fromEntries(await Promise.all(hashes));
    },
    clear: async () => {},
  };
  const session = new TrainingSession({
    settings: withDefaults(
      {
        ...{ data: 'stories', out: 'memory', threads: 2, precision, batchSize: 4, totalBatchSize: 128 },
        ...{ steps: STEPS, learningRate: 0.02, warmupSteps: 2, evalEvery: 3, evalTokens: 256, checkpointEvery: STEPS },
        ...{ sampleEvery: STEPS, samplePrompt: 'Once', sampleTokens: 16 },
      },
      MODEL.contextLength,
    ),
    modelConfig: MODEL,
    stories: { count: 50, seed: 1 },
    openDevice,
    storage,
    send: (event) => {
      if (event.kind === 'failed') throw new Error(event.message);
      if (event.kind === 'train') losses.push(event.loss, event.norm);
      if (event.kind === 'eval') losses.push(event.validationLoss ?? Number.NaN);
      if (event.kind === 'sample') texts.push(event.text);
    },
  });
  await session.receive({ kind: 'train' });
  return { losses, texts, tensors };
}

async function sha256(values: Float32Array<ArrayBuffer>): Promise<string> {
  return hexadecimal(new Uint8Array(await crypto.subtle.digest('SHA-256', values)));
}
