/**
 * @file miniLLM as a library for a browser, `minillm/browser`: models that write and score text, and training in memory. Other
 * packages may rely on what is exported here; everything else may change with any version.
 */

import type { z } from 'zod';
import { type BrowserOptions, browserThreads, openWasmInBrowser } from './backends/wasm/open-in-browser.ts';
import type { TokenSplits } from './data/sharding/tokens-in-memory.ts';
import type { Precision } from './engine/tensor.ts';
import { fetchWeights, type OnProgress } from './generate/fetch-weights.ts';
import { type ModelOptions, openTextModel, type TextModel } from './library/text-model.ts';
import { Training } from './library/training.ts';
import { PRESETS } from './model/presets.ts';
import { validate } from './support/json.ts';
import { withDefaults } from './train/defaults.ts';
import { chooseSettings, settingsSchema } from './train/settings.ts';

export { type TextTokensOptions, type TokenSplits, textTokens } from './data/sharding/tokens-in-memory.ts';
export type { StoryOptions } from './data/stories/stories.ts';
export { storyTokens } from './data/stories/story-tokens.ts';
export { decode, END_OF_TEXT, encode, encodePrompt, VOCABULARY_SIZE } from './data/tokenizer/tokenizer.ts';
export type { Gpt2Config } from './formats/gpt2-config.ts';
export type { StreamEnd } from './generate/stream.ts';
export {
  type ModelOptions,
  type TextEvent,
  TextModel,
  type TextOptions,
  type TextScore,
} from './library/text-model.ts';
export { Training } from './library/training.ts';
export { PRESETS, type PresetName } from './model/presets.ts';
export type { Metrics } from './runs/metric-lines.ts';
export { UserError } from './support/errors.ts';
export type { TrainerEvent } from './train/events.ts';

/** Where the kernels are, and how many threads run them. */
export interface DeviceOptions {
  /** Default: one for each processor; 1 in a page that is not isolated from other origins, which can have no more. */
  readonly threads?: number;
  /**
   * Where a copy of the package's folder `dist/backends/wasm/` is, relative to the page; needed where no bundler has put the
   * modules beside the script, and it is not loaded from the package itself.
   */
  readonly modules?: string | URL;
}

export interface LoadOptions extends DeviceOptions, ModelOptions {
  /** Is told how many bytes of the weights are there, of how many. */
  readonly onProgress?: OnProgress;
}

/** What is left out is for runs in folders, on other devices or by several processes. */
const browserSettings = settingsSchema
  .omit({ data: true, out: true, init: true, fork: true, hellaswag: true, hellaswagEvery: true, keep: true })
  .omit({ device: true, zero: true, overlap: true, checkReplicas: true })
  .required({ preset: true });

export interface TrainSettings extends z.output<typeof browserSettings> {
  /** What `textTokens` or `storyTokens` give. */
  readonly data: TokenSplits;
}

export interface TrainOptions extends Pick<DeviceOptions, 'modules'> {
  /** Aborting ends the run after a checkpoint, within the current micro-step. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a model.
 * @param from the address of a Hugging Face folder, relative to the page, or a training that has come to a checkpoint
 * @throws UserError when there is no such model, its vocabulary is not GPT-2's, or there is not enough memory
 */
export async function loadModel(from: string | URL | Training, options: LoadOptions = {}): Promise<TextModel> {
  const weights = await (from instanceof Training ? from.weights() : fetchWeights(folderAt(from), options.onProgress));
  return openTextModel(weights, options, (precision) => openDevice(options, precision));
}

/**
 * A training run, which begins when its events are asked for: `for await (const event of train({ data, preset: 'tiny' }))`.
 * @param settings `data` and `preset`; the rest have defaults
 * @throws UserError saying what is wrong with the settings
 */
export function train({ data, ...given }: TrainSettings, { signal, modules }: TrainOptions = {}): Training {
  const valid = validate(browserSettings, given, 'train');
  const modelConfig = PRESETS[valid.preset];
  const chosen = chooseSettings({ ...valid, data: 'tokens', out: 'memory' });
  const settings = withDefaults({ threads: browserThreads(), ...chosen }, modelConfig.contextLength);
  const { threads, precision } = settings;
  const device = { threads, ...(modules !== undefined && { modules }) };
  return new Training({ settings, modelConfig, tokens: data, signal, openDevice: () => openDevice(device, precision) });
}

function openDevice({ threads, modules }: DeviceOptions, precision: Precision) {
  const options: BrowserOptions = {
    precision,
    ...(threads !== undefined && { threads }),
    ...(modules !== undefined && { modules: folderAt(modules) }),
  };
  return openWasmInBrowser(options);
}

/** The address of a folder, with the slash that it ends with. */
function folderAt(address: string | URL): URL {
  const url = new URL(address, globalThis.location?.href);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
