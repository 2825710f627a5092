/** @file Weights behind an address, read over `fetch` while the model takes them. */

import { type Gpt2Config, parseGpt2Config } from '../formats/gpt2-config.ts';
import { findGpt2Weights } from '../formats/gpt2-weights.ts';
import { SafetensorsFile } from '../formats/safetensors-reader.ts';
import { loadParameters } from '../model/parameters.ts';
import { type HttpSourceOptions, openHttpSource } from '../support/http-source.ts';
import type { Weights } from './initial-weights.ts';

const WEIGHTS = 'model.safetensors';
const CONFIG = 'config.json';

/** Is told how many bytes of the weights are there, of how many, as far as the server tells. */
export type OnProgress = NonNullable<HttpSourceOptions['onProgress']>;

/**
 * Opens a Hugging Face folder of a GPT-2, `config.json` and `model.safetensors`.
 * @param folder ends with a slash
 * @throws UserError when a file cannot be read, or they are not those of a GPT-2
 */
export async function fetchWeights(folder: URL, onProgress?: OnProgress): Promise<Weights> {
  const url = new URL(CONFIG, folder).href;
  return fetchWeightsOf(folder.href, folder, parseGpt2Config(await fetchText(url), url), onProgress);
}

/**
 * Opens the `model.safetensors` of a folder.
 * @param name the name to show
 * @throws UserError when it cannot be read, or is not of the configuration
 */
export async function fetchWeightsOf(
  name: string,
  folder: URL,
  config: Gpt2Config,
  onProgress?: OnProgress,
): Promise<Weights> {
  const url = new URL(WEIGHTS, folder).href;
  const file = await SafetensorsFile.open(await openHttpSource(url, { onProgress }));
  try {
    const weights = await findGpt2Weights(config, [file], url);
    return { name, path: url, config, load: (session) => loadParameters(session, weights), close: weights.close };
  } catch (cause) {
    await file.close();
    throw cause;
  }
}

async function fetchText(url: string): Promise<string> {
  const source = await openHttpSource(url);
  const bytes = new Uint8Array(source.size);
  await source.read(0, bytes);
  await source.close();
  return new TextDecoder().decode(bytes);
}
