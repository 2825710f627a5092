/** @file The sizes GPT-2 was published in, and one for trying things out. */

import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { VOCABULARY_SIZE } from '../support/gpt2-vocabulary.ts';

const gpt2 = (layers: number, heads: number, channels: number, contextLength = 1024): Gpt2Config => ({
  layers,
  heads,
  channels,
  contextLength,
  vocabularySize: VOCABULARY_SIZE,
  layerNormEpsilon: 1e-5,
});

export const PRESETS = {
  tiny: gpt2(4, 4, 64, 128),
  'gpt2-124m': gpt2(12, 12, 768),
  'gpt2-350m': gpt2(24, 16, 1024),
  'gpt2-774m': gpt2(36, 20, 1280),
  'gpt2-1558m': gpt2(48, 25, 1600),
} as const satisfies Record<string, Gpt2Config>;

export type PresetName = keyof typeof PRESETS;

export const PRESET_NAMES = Object.keys(PRESETS) as readonly PresetName[];
