/** @file What a static site of the app says of itself, in `site.json` beside its page: its models and their run. */

import type { Gpt2Config } from '../../formats/gpt2-config.ts';

/** How the weights of a site are stored: int8 is dequantised to what `--precision int8` computes with. */
export const SITE_WEIGHTS = ['fp32', 'bf16', 'int8'] as const;
export type SiteWeights = (typeof SITE_WEIGHTS)[number];

/** A model's `model.safetensors`. */
export interface WeightsFile {
  /** Its folder, relative to the page. */
  readonly folder: string;
  readonly bytes: number;
  /** Of each of its slices (support/sliced-source.ts), in hexadecimal. */
  readonly sha256: readonly string[];
}

export interface SiteModel {
  /** Its name in the page. */
  readonly id: string;
  /** Undefined for initial weights, which are made where they are used. */
  readonly file?: WeightsFile;
  readonly config: Gpt2Config;
  /** Of its initial weights; undefined where no run tells. */
  readonly seed?: number;
}

export interface Site {
  /** Of miniLLM. */
  readonly version: string;
  /** What the page computes with. */
  readonly weights: SiteWeights;
  readonly main: SiteModel;
  /** The model beside it, null for none. */
  readonly compared: SiteModel | null;
  /** Checkpoints of the main model's run in order of their steps. */
  readonly steps: readonly (SiteModel & { readonly step: number; readonly validationLoss: number | null })[];
  /** Training losses, thinned. */
  readonly curve: readonly { readonly step: number; readonly loss: number }[];
}
