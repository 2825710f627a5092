/** @file What a reader may set about how texts are written. */

import type { PageData } from '../page-data.ts';

export interface Settings {
  /** New tokens of each text. */
  readonly length: number;
  readonly temperature: number;
  /** 0 for no limit. */
  readonly topK: number;
  readonly topP: number;
  readonly seed: number;
  /** Texts of each model. */
  readonly samples: number;
}

export const DEFAULTS: Settings = { length: 80, temperature: 0.8, topK: 50, topP: 1, seed: 1337, samples: 1 };

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

export const MAX_SEED = 999_999;

export const BOUNDS: Readonly<Record<keyof Settings, Bounds>> = {
  length: { min: 1, max: 1024, step: 1 },
  temperature: { min: 0, max: 2, step: 0.05 },
  topK: { min: 0, max: 1000, step: 1 },
  topP: { min: 0.05, max: 1, step: 0.05 },
  seed: { min: 0, max: MAX_SEED, step: 1 },
  samples: { min: 1, max: 4, step: 1 },
};

/** The settings with everything a number within its bounds; what is not a number falls back to the default. */
export function withinBounds(settings: Settings): Settings {
  const entries = Object.entries(BOUNDS).map(([key, { min, max, step }]) => {
    const given = settings[key as keyof Settings];
    const value = Number.isFinite(given) ? given : DEFAULTS[key as keyof Settings];
    return [key, Math.min(max, Math.max(min, step === 1 ? Math.round(value) : value))];
  });
  return Object.fromEntries(entries) as Settings;
}

/** The settings with a length that the server and the model's context allow; the prompt takes at least one position. */
export function withinLimits(settings: Settings, { contextLength, maxTokens }: PageData['limits']): Settings {
  const length = Math.min(settings.length, maxTokens, contextLength - 1);
  return { ...settings, length: Math.max(1, length) };
}

export function randomSeed(): number {
  return Math.floor(Math.random() * (MAX_SEED + 1));
}

/** The settings as the API's fields. */
export function samplingOf({ length, temperature, topK, topP, seed, samples }: Settings) {
  return { max_tokens: length, temperature, top_k: topK, top_p: topP, seed, n: samples };
}
