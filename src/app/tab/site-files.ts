/** @file The files of a static site, read over `fetch`. */

import { type OnProgress, weightsIn } from '../../generate/fetch-weights.ts';
import type { Weights } from '../../generate/initial-weights.ts';
import { messageOf, UserError } from '../../support/errors.ts';
import { openHttpSource } from '../../support/http-source.ts';
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
  onProgress: OnProgress,
): Promise<Weights> {
  const source = await openHttpSource(new URL(`${folder}/${WEIGHTS}`, page).href, { onProgress });
  return weightsIn(source, id, config);
}
