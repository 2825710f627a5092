/** @file Weights behind an address, read over `fetch` while the model takes them. */

import { type Gpt2Config, parseGpt2Config } from '../formats/gpt2-config.ts';
import { findGpt2Weights } from '../formats/gpt2-weights.ts';
import { SafetensorsFile } from '../formats/safetensors-reader.ts';
import { loadParameters } from '../model/parameters.ts';
import type { ByteSource } from '../support/byte-source.ts';
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
  const config = parseGpt2Config(await fetchText(url), url);
  const source = await openHttpSource(new URL(WEIGHTS, folder).href, { onProgress });
  return weightsIn(source, folder.href, config);
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
  const source = await openHttpSource(url);
  const bytes = new Uint8Array(source.size);
  await source.read(0, bytes);
  await source.close();
  return new TextDecoder().decode(bytes);
}
