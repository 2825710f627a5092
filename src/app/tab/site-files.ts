/** @file The files of a static site, read over `fetch`; weights are kept for the next visit. */

import { WEIGHTS_FILE } from '../../formats/gpt2-weights.ts';
import { weightsIn } from '../../generate/fetch-weights.ts';
import type { Weights } from '../../generate/initial-weights.ts';
import { messageOf, UserError } from '../../support/errors.ts';
import { HttpSlices } from '../../support/http-slices.ts';
import { SlicedSource } from '../../support/sliced-source.ts';
import { KeptSlices, KeptWeights, type SliceStorage } from './kept-weights.ts';
import type { Site } from './site.ts';
import type { StoredModel } from './site-models.ts';

const MANIFEST = 'site.json';
/** An older description would name weights that are not there any more. (Node's types do not know of it.) */
const REVALIDATED = { cache: 'no-cache' };

/** Called with how many bytes of a file there are so far, and whether all of them were kept by an earlier visit. */
export type OnProgress = (loaded: number, isKept: boolean) => void;

export class SiteFiles {
  readonly #page: URL;
  readonly #kept: KeptWeights;

  /** @param page its address */
  constructor(page: URL, storage: SliceStorage) {
    this.#page = page;
    this.#kept = new KeptWeights(storage);
  }

  /**
   * What the site says of itself. Weights that it has no more are deleted from those that are kept.
   * @throws UserError when it cannot be had
   */
  async readSite(): Promise<Site> {
    const url = new URL(MANIFEST, this.#page);
    try {
      const response = await fetch(url, REVALIDATED as RequestInit);
      if (!response.ok) throw new Error(`HTTP status ${response.status}`);
      const site = (await response.json()) as Site;
      const { main, compared, steps } = site;
      await this.#kept.retain(new Set([main, compared, ...steps].flatMap((model) => model?.file?.sha256 ?? [])));
      return site;
    } catch (cause) {
      throw new UserError(`${url}: could not be read (${messageOf(cause)}); check the connection and try again`);
    }
  }

  /**
   * Opens the weights of a model.
   * @throws UserError when its file cannot be read, or is not of its configuration
   */
  async openWeights({ id, file, config }: StoredModel, onProgress: OnProgress): Promise<Weights> {
    const url = new URL(`${file.folder}/${WEIGHTS_FILE}`, this.#page).href;
    const slices = new KeptSlices(new HttpSlices(url, file.bytes), file.sha256, this.#kept);
    const source = new SlicedSource(slices, (loaded) => onProgress(loaded, slices.isKept));
    return weightsIn(source, id, config);
  }

  /** Where the weights came from and whether they are kept, as a sentence; null before any were read. */
  describeWeights(): string | null {
    return this.#kept.describe();
  }
}
