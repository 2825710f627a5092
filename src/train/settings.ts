/**
 * @file Every setting of a training run, once: the schema behind flags, configuration file, help and types. Flags win over
 * the file, the file over the preset.
 */

import { z } from 'zod';
import { DEVICE_NAMES, type DeviceName, parseDevice } from '../backends/device-names.ts';
import { DOWNLOAD } from '../eval/hellaswag-source.ts';
import { PRESET_NAMES } from '../model/presets.ts';
import { decimal } from '../support/decimal.ts';
import { UserError } from '../support/errors.ts';
import { validate } from '../support/json.ts';
import { DEFAULTS, MAX_WARMUP, PRESET_DEFAULTS, RECIPE_NAMES, TINY, withRecipe } from './defaults.ts';
import { OPTIMIZER_NAMES } from './optimizers/create.ts';
import { SCHEDULE_NAMES } from './schedule.ts';

/** How a setting is given as a flag. */
export interface FlagText {
  readonly description: string;
  /** Its name, where it is not the setting's own with hyphens. */
  readonly flag?: string;
  /** The kind of value it takes, where the type does not say: `tokens` may be given in thousands (`k`) or millions (`M`). */
  readonly value?: 'path' | 'text' | 'tokens';
  /** What the flag means when no value follows it. */
  readonly alone?: string;
  /** What to say of a name that has a meaning elsewhere. */
  readonly elsewhere?: Readonly<Record<string, string>>;
}

/** The flag of each setting, by its schema in `settingsSchema`. */
export const flagTexts = z.registry<FlagText>();

const wholeFrom = (minimum: number) => z.int().min(minimum);

/** What the user may give. The key is the flag in camel case unless its text names another. */
export const settingsSchema = z.strictObject({
  data: z.string().optional().register(flagTexts, { value: 'path', description: 'folder of token shards' }),
  out: z.string().optional().register(flagTexts, { value: 'path', description: 'run folder: metrics, checkpoints' }),
  preset: z.enum(PRESET_NAMES).optional().register(flagTexts, { description: 'size of a new model' }),
  init: z.string().optional().register(flagTexts, {
    value: 'path',
    description:
      'start from the weights of a run, step or Hugging Face folder, of a model file of llm.c, or of hf:OWNER/NAME',
  }),
  fork: z.string().optional().register(flagTexts, {
    value: 'path',
    description:
      'continue from the newest checkpoint of another run, in a new run folder; settings given here replace its own',
  }),
  recipe: z.enum(RECIPE_NAMES).optional().register(flagTexts, {
    description: 'modern: --optimizer muon, --schedule constant-then-linear and three times the learning rate',
  }),
  batchSize: wholeFrom(1).optional().register(flagTexts, { description: 'rows per micro-batch on each rank' }),
  sequenceLength: wholeFrom(1)
    .optional()
    .register(flagTexts, { description: 'tokens per row (default: the context length)' }),
  totalBatchSize: wholeFrom(1)
    .optional()
    .register(flagTexts, { value: 'tokens', description: 'tokens per step, over all micro-steps and ranks' }),
  steps: wholeFrom(1).optional().register(flagTexts, { description: 'optimizer steps of the whole run' }),
  optimizer: z
    .enum(OPTIMIZER_NAMES)
    .optional()
    .register(flagTexts, { description: 'muon: Muon for the matrices of the blocks, AdamW for the rest' }),
  schedule: z
    .enum(SCHEDULE_NAMES)
    .optional()
    .register(flagTexts, { description: 'how the learning rate falls after the warm-up' }),
  learningRate: z.number().positive().optional().register(flagTexts, { flag: 'lr', description: 'peak learning rate' }),
  minLearningRate: z.number().nonnegative().optional().register(flagTexts, {
    flag: 'min-lr',
    description: 'final learning rate (default: a tenth of --lr; constant-then-linear: 0)',
  }),
  warmupSteps: wholeFrom(0)
    .optional()
    .register(flagTexts, {
      description: `steps of linear warm-up (default: a tenth of --steps, at most ${MAX_WARMUP}; tiny: ${TINY.warmupSteps})`,
    }),
  warmdownSteps: wholeFrom(0).optional().register(flagTexts, {
    description: 'last steps of constant-then-linear, in which the rate falls (default: two fifths of --steps)',
  }),
  weightDecay: z
    .number()
    .nonnegative()
    .optional()
    .register(flagTexts, { description: 'weight decay of tensors of two or more dimensions' }),
  gradientClip: z
    .number()
    .nonnegative()
    .optional()
    .register(flagTexts, { flag: 'grad-clip', description: 'maximum gradient norm; 0 turns clipping off' }),
  seed: wholeFrom(0).optional().register(flagTexts, { description: 'for initial weights, data order and samples' }),
  skipOutliers: z.number().nonnegative().optional().register(flagTexts, {
    description: 'skip updates whose loss or norm lies this many standard deviations above its recent mean; 0 for none',
  }),
  precision: z
    .enum(['fp32', 'bf16'])
    .optional()
    .register(flagTexts, {
      description: 'type of matrix products and activations',
      elsewhere: { int8: '(int8 is for sample, serve and eval; train in bf16, then give them --precision int8.)' },
    }),
  shuffle: z
    .boolean()
    .optional()
    .register(flagTexts, { description: 'read the data in a new random order each epoch' }),
  evalEvery: wholeFrom(0).optional().register(flagTexts, { description: 'steps between evaluations; 0 for none' }),
  evalTokens: wholeFrom(1)
    .optional()
    .register(flagTexts, { value: 'tokens', description: 'maximum number of validation tokens' }),
  hellaswag: z.string().optional().register(flagTexts, {
    value: 'path',
    alone: DOWNLOAD,
    description: 'also evaluate on HellaSwag, from a .jsonl or .jsonl.gz file; without one it is downloaded once',
  }),
  hellaswagEvery: wholeFrom(1).optional().register(flagTexts, { description: 'use only every n-th HellaSwag example' }),
  sampleEvery: wholeFrom(0)
    .optional()
    .register(flagTexts, { description: 'steps between samples of text; 0 for none' }),
  samplePrompt: z
    .string()
    .optional()
    .register(flagTexts, { value: 'text', description: 'what samples begin with; "" begins a new document' }),
  sampleTokens: wholeFrom(1).optional().register(flagTexts, { description: 'maximum number of new tokens per sample' }),
  sampleTemperature: z
    .number()
    .nonnegative()
    .optional()
    .register(flagTexts, { description: 'divides the logits when sampling' }),
  checkpointEvery: wholeFrom(0).optional().register(flagTexts, {
    description:
      'steps between checkpoints; 0 turns periodic and final ones off, but a run that is stopped still writes one',
  }),
  keep: wholeFrom(1).optional().register(flagTexts, { description: 'number of newest checkpoints to keep' }),
  threads: wholeFrom(1).optional().register(flagTexts, {
    description: 'CPU threads of each rank (default: as many as the system grants, divided by the ranks of a machine)',
  }),
  zero: z.int().min(0).max(1).optional().register(flagTexts, {
    description: "ZeRO stage: 1 splits the optimizer's state over the ranks, 0 keeps all of it on each",
  }),
  overlap: z.boolean().optional().register(flagTexts, {
    description: 'sum gradients over ranks while the backward pass still runs',
  }),
  checkReplicas: wholeFrom(0).optional().register(flagTexts, {
    description: 'steps between checks that all ranks hold the same weights; 0 checks at the start only',
  }),
  device: z
    .custom<DeviceName>((value) => typeof value === 'string' && parseDevice(value) !== undefined, {
      error: `expected ${DEVICE_NAMES}`,
    })
    .optional()
    .register(flagTexts, { description: `device to train on: ${DEVICE_NAMES}` }),
});

/** Settings that may each be missing. */
export type GivenSettings = z.output<typeof settingsSchema>;

/** The same without `undefined` as a value, so that spreading them over defaults never undoes one. */
export type Defined<T> = { readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

type Defaulted = Exclude<
  keyof GivenSettings,
  'data' | 'out' | 'preset' | 'init' | 'fork' | 'warmdownSteps' | 'hellaswag'
>;

/** The settings of a run, every one decided. */
export type Settings = { readonly [Key in Defaulted]: NonNullable<GivenSettings[Key]> } & {
  readonly data: string;
  readonly out: string;
  readonly preset: GivenSettings['preset'];
  readonly init: string | undefined;
  readonly fork: string | undefined;
  /** Undefined for a cosine. */
  readonly warmdownSteps: number | undefined;
  readonly hellaswag: string | undefined;
};

/** What was given, over the preset's defaults. Exactly one of `preset`, `init` and `fork` is set. */
export type ChosenSettings = Defined<GivenSettings> & { readonly data: string; readonly out: string };

const STARTS = ['preset', 'init', 'fork'] as const;

/** Merges flags over the configuration file over the preset, and checks that a run has what it needs to start. */
export function chooseSettings(flags: GivenSettings, file: GivenSettings = {}): ChosenSettings {
  // A start chosen by a flag replaces the other kind of start chosen by the file.
  const source = STARTS.some((start) => flags[start]) ? flags : file;
  const starts = STARTS.filter((start) => source[start]);
  if (starts.length !== 1)
    throw new UserError(
      `expected a model to train: --preset ${PRESET_NAMES.join(' | ')} for a new one, --init FOLDER to start from weights, or --fork RUN to continue a run with other settings; found ${starts.length === 0 ? 'none of them' : starts.map((start) => `--${start}`).join(' and ')}`,
    );
  const { preset } = source;
  const base = (preset && PRESET_DEFAULTS[preset]) ?? {};
  const given = { ...base, ...withRecipe(defined(file), base), ...withRecipe(defined(flags), base) };
  if (flags.warmdownSteps !== undefined && given.schedule !== 'constant-then-linear')
    throw new UserError(
      `--warmdown-steps ${flags.warmdownSteps} goes with --schedule constant-then-linear; a cosine falls from the warm-up on`,
    );
  const { data, out } = given;
  if (!data)
    throw new UserError(
      '--data DIR is missing: a folder of token shards, as `minillm data text FILE… --out DIR` makes it',
    );
  if (!out) throw new UserError('--out RUN is missing: the folder for metrics and checkpoints');
  const rest = Object.fromEntries(
    Object.entries(given).filter(([key]) => !STARTS.some((start) => start === key && !source[start])),
  );
  return { ...rest, data, out };
}

/**
 * The settings that decide a run's numbers; the others (where it is, how often it is evaluated, over how many ranks and in
 * which micro-batches its batches are spread) may change when it is resumed.
 */
const DECISIVE = [
  'sequenceLength',
  'totalBatchSize',
  'steps',
  'optimizer',
  'schedule',
  'learningRate',
  'minLearningRate',
  'warmupSteps',
  'warmdownSteps',
  'weightDecay',
  'gradientClip',
  'skipOutliers',
  'seed',
  'precision',
  'shuffle',
] as const satisfies readonly (keyof Settings)[];

/** What checkpoints and `run.json` record of a run: its settings, and how many tokens it trains on. */
export type RecordedSettings = Settings & { readonly trainTokens: number };

/** The decisive settings that differ from those a checkpoint records, as `name was … and is …`. */
export function differences(recorded: Readonly<Record<string, unknown>>, settings: RecordedSettings): string[] {
  // those of runs from before there was a choice
  const was: Readonly<Record<string, unknown>> = {
    optimizer: DEFAULTS.optimizer,
    schedule: DEFAULTS.schedule,
    ...recorded,
  };
  return [...DECISIVE, 'trainTokens' as const]
    .filter((key) => rounded(was[key]) !== rounded(settings[key]))
    .map((key) => `${key} was ${shown(was[key])} and is ${shown(settings[key])}`);
}

/** Computed rates used to be recorded with an error in their last bits. */
function rounded(value: unknown): unknown {
  return typeof value === 'number' ? decimal(value) : value;
}

/** What a damaged file may hold in place of a setting is shown too; not every object can become a text by itself. */
function shown(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The settings of a recorded run, for one that forks off it: all but its folder and how it started. */
export function forkedSettings(recorded: Readonly<Record<string, unknown>>): GivenSettings {
  const kept = Object.entries(recorded).filter(
    ([key]) => key in settingsSchema.shape && key !== 'out' && !STARTS.some((start) => start === key),
  );
  return validate(settingsSchema, Object.fromEntries(kept), 'the settings in state.json');
}

function defined(settings: GivenSettings): Defined<GivenSettings> {
  return Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined),
  ) as Defined<GivenSettings>;
}
