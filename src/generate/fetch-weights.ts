/** @file Weights behind an address, read over `fetch` while the model takes them. */

import { type Gpt2Config, parseGpt2Config } from '../formats/gpt2-config.ts';
import { findGpt2Weights, WEIGHTS_FILE } from '../formats/gpt2-weights.ts';
import { SafetensorsFile } from '../formats/safetensors-reader.ts';
import { loadParameters } from '../model/parameters.ts';
import type { ByteSource } from '../support/byte-source.ts';
import { messageOf, UserError } from '../support/errors.ts';
import { HttpSlices } from '../support/http-slices.ts';
import { SlicedSource } from '../support/sliced-source.ts';
import type { Weights } from './initial-weights.ts';

const CONFIG = 'config.json';

/** Called with how many bytes of the weights there are so far, of how many. */
export type OnProgress = (loaded: number, size: number) => void;

/**
 * Opens a Hugging Face folder of a GPT-2, `config.json` and `model.safetensors`.
 * @param folder ends with a slash
 * @throws UserError when a file cannot be read, or they are not those of a GPT-2
 */
export async function fetchWeights(folder: URL, onProgress: OnProgress = () => {}): Promise<Weights> {
  const configUrl = new URL(CONFIG, folder).href;
  const config = parseGpt2Config(await fetchText(configUrl), configUrl);
  const slices = await HttpSlices.open(new URL(WEIGHTS_FILE, folder).href);
  return weightsIn(new SlicedSource(slices, (loaded) => onProgress(loaded, slices.size)), folder.href, config);
}

/**
 * The weights in a safetensors file, which is closed with them.
 * @param name the name to show
 * @throws UserError when it cannot be read, or is not of the configuration
 */
export async function weightsIn(source: ByteSource, name: string, config: Gpt2Config): Promise<Weights> {
  try {
    const file = await SafetensorsFile.open(source);
    const weights = await findGpt2Weights(config, [file], source.name);
    const load: Weights['load'] = (session) => loadParameters(session, weights);
    return { name, path: source.name, config, load, close: weights.close };
  } catch (cause) {
    await source.close();
    throw cause;
  }
}

async function fetchText(url: string): Promise<string> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return await response.text();
  } catch (cause) {
    throw new UserError(`${url}: could not be read (${messageOf(cause)}); check the address and the connection`);
  }
}
