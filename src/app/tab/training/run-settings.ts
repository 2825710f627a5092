/** @file What a tab trains: the tiny GPT-2 of `minillm quickstart`, with the learning rate and the stories it has, in float32. */

import { DEFAULT_STORIES, DEFAULT_STORY_SEED, type StoryOptions } from '../../../data/stories/stories.ts';
import { PRESETS } from '../../../model/presets.ts';
import { PRESET_DEFAULTS, withDefaults } from '../../../train/defaults.ts';
import type { Settings } from '../../../train/settings.ts';

const PRESET = 'tiny';

export const TAB_MODEL = PRESETS[PRESET];

export const TAB_STORIES: StoryOptions = { count: DEFAULT_STORIES, seed: DEFAULT_STORY_SEED };

/**
 * Half of the quickstart's tokens a step, in a few more steps: a validation loss of 1.25 takes 154,000 tokens then, not
 * 225,000. Few enough validation tokens, and texts, that the curve does not wait for them.
 */
export const TAB_SETTINGS: Settings = withDefaults(
  {
    ...PRESET_DEFAULTS[PRESET],
    preset: PRESET,
    data: 'stories',
    out: 'this browser',
    threads: 1,
    batchSize: 4,
    totalBatchSize: 512,
    steps: 450,
    warmupSteps: 120,
    evalEvery: 25,
    evalTokens: 4096,
    checkpointEvery: 50,
    sampleEvery: 50,
    samplePrompt: 'Once',
    sampleTokens: 120,
    sampleTemperature: 0.6,
  },
  TAB_MODEL.contextLength,
);
