/** @file The files of a static site, read over `fetch`. */

import { findGpt2Weights } from '../../formats/gpt2-weights.ts';
import { SafetensorsFile } from '../../formats/safetensors-reader.ts';
import type { Weights } from '../../generate/initial-weights.ts';
import { loadParameters } from '../../model/parameters.ts';
import { messageOf, UserError } from '../../support/errors.ts';
import { type HttpSourceOptions, openHttpSource } from '../../support/http-source.ts';
import type { Site } from './site.ts';
import type { StoredModel } from './site-models.ts';

const MANIFEST = 'site.json';
const WEIGHTS = 'model.safetensors';

/**
 * What a site says of itself.
 * @param page the address of its page
 * @throws UserError when it cannot be had
 */
export async function readSite(page: URL): Promise<Site> {
  const url = new URL(MANIFEST, page);
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return (await response.json()) as Site;
  } catch (cause) {
    throw new UserError(`${url}: could not be read (${messageOf(cause)}); check the connection and try again`);
  }
}

/**
 * Opens the weights of a model.
 * @throws UserError when its file cannot be read, or is not of its configuration
 */
export async function openSiteWeights(
  page: URL,
  { id, folder, config }: StoredModel,
  onProgress: NonNullable<HttpSourceOptions['onProgress']>,
): Promise<Weights> {
  const url = new URL(`${folder}/${WEIGHTS}`, page).href;
  const file = await SafetensorsFile.open(await openHttpSource(url, { onProgress }));
  try {
    const weights = await findGpt2Weights(config, [file], url);
    return { name: id, path: url, config, load: (session) => loadParameters(session, weights), close: weights.close };
  } catch (cause) {
    await file.close();
    throw cause;
  }
}
