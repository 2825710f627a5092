/** @file What the settings of a run are unless they are given. */

import { decimal } from '../support/decimal.ts';
import { UserError } from '../support/errors.ts';
import type { OptimizerName } from './optimizers/create.ts';
import type { ScheduleName } from './schedule.ts';
import type { ChosenSettings, Defined, GivenSettings, Settings } from './settings.ts';

export const RECIPE_NAMES = ['reference', 'modern'] as const;

/** The longest warm-up that is not asked for, in steps; never more than a tenth of the run. */
export const MAX_WARMUP = 715;

/**
 * What the preset `tiny` changes. A rate that rises faster makes the loss leap to 17 for a step (4e-3 within 20 steps did in most
 * seeds), so the warm-up is as long in a short run, which then ends below the largest rate.
 */
export const TINY = { batchSize: 8, totalBatchSize: 1024, steps: 400, learningRate: 6e-3, warmupSteps: 150 } as const;

/** Defaults that hold whatever else is chosen; those of a 124M run as it was published. */
export const DEFAULTS = {
  recipe: 'reference',
  optimizer: 'adamw',
  schedule: 'cosine',
  batchSize: 4,
  totalBatchSize: 524_288,
  steps: 19_073,
  learningRate: 6e-4,
  weightDecay: 0.1,
  gradientClip: 1,
  seed: 1337,
  skipOutliers: 0,
  precision: 'fp32',
  shuffle: true,
  evalEvery: 250,
  evalTokens: 10_485_760,
  hellaswagEvery: 1,
  sampleEvery: 250,
  samplePrompt: "Hello, I'm a language model,",
  sampleTokens: 32,
  sampleTemperature: 1,
  checkpointEvery: 250,
  keep: 2,
  zero: 0,
  overlap: true,
  checkReplicas: 0,
  device: 'auto',
} as const satisfies GivenSettings;

/** What a preset changes. */
export const PRESET_DEFAULTS: Partial<Record<NonNullable<GivenSettings['preset']>, Defined<GivenSettings>>> = {
  tiny: TINY,
};

interface Recipe {
  readonly optimizer: OptimizerName;
  readonly schedule: ScheduleName;
  /** What the learning rate is multiplied by. */
  readonly rate: number;
}

/** What a recipe sets: what the published GPT-2 was trained with, or what is known since to need fewer tokens. */
export const RECIPES: Readonly<Record<(typeof RECIPE_NAMES)[number], Recipe>> = {
  reference: { optimizer: DEFAULTS.optimizer, schedule: DEFAULTS.schedule, rate: 1 },
  modern: { optimizer: 'muon', schedule: 'constant-then-linear', rate: 3 },
};

/** The part of a run in which a constant learning rate falls at the end, unless it is given. */
const WARMDOWN = 0.4;

/** Settings over those that their recipe sets. */
export function withRecipe(given: Defined<GivenSettings>, preset: Defined<GivenSettings>): Defined<GivenSettings> {
  if (!given.recipe) return given;
  const { rate, ...recipe } = RECIPES[given.recipe];
  return { ...recipe, learningRate: decimal(rate * (preset.learningRate ?? DEFAULTS.learningRate)), ...given };
}

/** Decides what is left open, for a model of this context length. */
export function withDefaults(chosen: ChosenSettings & { readonly threads: number }, contextLength: number): Settings {
  const merged = { ...DEFAULTS, sequenceLength: contextLength, ...chosen };
  const isCosine = merged.schedule === 'cosine';
  const { steps, warmupSteps = Math.min(MAX_WARMUP, Math.floor(steps / 10)) } = merged;
  const room = Math.max(0, steps - warmupSteps);
  const warmdownSteps = chosen.warmdownSteps ?? Math.min(Math.round(WARMDOWN * steps), room);
  const settings: Settings = {
    ...merged,
    preset: chosen.preset,
    init: chosen.init,
    fork: chosen.fork,
    hellaswag: chosen.hellaswag,
    minLearningRate: chosen.minLearningRate ?? (isCosine ? decimal(merged.learningRate / 10) : 0),
    warmupSteps,
    warmdownSteps: isCosine ? undefined : warmdownSteps,
  };
  if (!isCosine && warmdownSteps > room)
    throw new UserError(
      `--warmup-steps ${warmupSteps} and --warmdown-steps ${warmdownSteps} are more than --steps ${steps}; give at most ${room} for the warm-down`,
    );
  if (settings.sequenceLength > contextLength)
    throw new UserError(
      `--sequence-length ${settings.sequenceLength} is longer than the model's context of ${contextLength} tokens; give at most that`,
    );
  if (settings.minLearningRate > settings.learningRate)
    throw new UserError(`--min-lr ${settings.minLearningRate} is above --lr ${settings.learningRate}`);
  return settings;
}
