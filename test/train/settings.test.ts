import { describe, expect, test } from 'vitest';
import { PRESET_NAMES } from '#minillm/model/presets.js';
import { UserError } from '#minillm/support/errors.js';
import { countMicroSteps } from '#minillm/train/micro-steps.js';
import { completeSettings } from '#minillm/train/resolve-settings.js';
import { chooseSettings, differences, forkedSettings, type GivenSettings } from '#minillm/train/settings.js';

const FOLDERS = { data: 'data', out: 'out' };
const NEW = { ...FOLDERS, preset: 'gpt2-124m' } as const;

const settle = (given: GivenSettings, contextLength = 1024) => completeSettings(chooseSettings(given), contextLength);

describe('precedence', () => {
  test('flags win over the file, the file over the preset, the preset over the defaults', () => {
    const tiny = { ...FOLDERS, preset: 'tiny' } as const;
    expect(completeSettings(chooseSettings({ steps: 5 }, { ...tiny, steps: 6, batchSize: 3 }), 128)).toMatchObject({
      steps: 5,
      batchSize: 3,
      totalBatchSize: 1024,
      weightDecay: 0.1,
    });
  });

  test('a flag that is undefined hides nothing', () => {
    expect(chooseSettings({ steps: undefined }, { ...NEW, steps: 6 }).steps).toBe(6);
    expect(chooseSettings({ ...FOLDERS, preset: 'tiny', steps: undefined }).steps).toBe(400);
  });

  test('a start given as a flag replaces another kind of start in the file, with its preset', () => {
    const chosen = chooseSettings({ init: 'weights' }, { ...FOLDERS, preset: 'tiny' });
    expect(chosen).toEqual({ ...FOLDERS, init: 'weights' });
  });
});

describe('defaults', () => {
  test('are those of the published 124M run', () => {
    expect(settle(NEW)).toMatchObject({
      steps: 19_073,
      totalBatchSize: 524_288,
      learningRate: 6e-4,
      warmupSteps: 715,
      weightDecay: 0.1,
      gradientClip: 1,
      evalEvery: 250,
      evalTokens: 10_485_760,
      sequenceLength: 1024,
    });
  });

  test('the warm-up is a tenth of the run, at most 715 steps; tiny has its own, however short the run', () => {
    const warmup = (steps: number) => settle({ ...NEW, steps }).warmupSteps;
    expect([9, 10, 30, 7149, 7150, 7160, 19_073].map(warmup)).toEqual([0, 1, 3, 714, 715, 715, 715]);
    expect(settle({ ...FOLDERS, preset: 'tiny', steps: 30 }, 128).warmupSteps).toBe(150);
    expect(settle({ ...NEW, warmupSteps: 0 }).warmupSteps).toBe(0);
  });

  test('the reference recipe is the published run: AdamW and a cosine', () => {
    expect(settle(NEW)).toMatchObject({ recipe: 'reference', optimizer: 'adamw', schedule: 'cosine' });
    expect(settle({ ...NEW, recipe: 'reference' })).toEqual(settle(NEW));
  });

  test('the modern recipe is Muon, a constant rate three times as high that falls to 0, and no more', () => {
    const modern = { optimizer: 'muon', schedule: 'constant-then-linear', warmdownSteps: 7629, minLearningRate: 0 };
    const { learningRate, ...rest } = settle({ ...NEW, recipe: 'modern' });
    expect(learningRate).toBe(1.8e-3);
    expect(rest).toMatchObject(modern);
    const { learningRate: tiny } = settle({ ...FOLDERS, preset: 'tiny', recipe: 'modern' }, 128);
    expect(tiny).toBe(0.018);
    const { recipe: _r, optimizer: _o, schedule: _s, warmdownSteps: _w, minLearningRate: _m, ...same } = rest;
    expect(settle(NEW)).toMatchObject(same);
  });

  test('what is given wins over the recipe it is given with; a recipe as a flag over the file', () => {
    const given = { ...NEW, recipe: 'modern', learningRate: 1e-3, optimizer: 'adamw' } as const;
    expect(settle(given)).toMatchObject({ learningRate: 1e-3, optimizer: 'adamw', schedule: 'constant-then-linear' });
    const chosen = chooseSettings({ recipe: 'modern', warmdownSteps: 5 }, { ...NEW, optimizer: 'adamw' });
    expect(chosen).toMatchObject({ optimizer: 'muon', warmdownSteps: 5 });
  });

  test('the final learning rate is a tenth of the peak', () => {
    expect(settle(NEW).minLearningRate).toBe(6e-5);
    expect(settle({ ...NEW, learningRate: 1 }).minLearningRate).toBe(0.1);
    expect(settle({ ...NEW, minLearningRate: 0 }).minLearningRate).toBe(0);
  });
});

const EXPECTED = `expected a model to train: --preset ${PRESET_NAMES.join(' | ')} for a new one, --init FOLDER to start from weights, or --fork RUN to continue a run with other settings; found`;

test.each<[string, GivenSettings, string]>([
  ['no start', FOLDERS, `${EXPECTED} none of them`],
  ['two starts', { ...NEW, init: 'weights' }, `${EXPECTED} --preset and --init`],
  ['three starts', { ...NEW, init: 'a', fork: 'b' }, `${EXPECTED} --preset and --init and --fork`],
  [
    'no data',
    { out: 'out', preset: 'tiny' },
    '--data DIR is missing: a folder of token shards, as `minillm data text FILE… --out DIR` makes it',
  ],
  ['no run folder', { data: 'data', preset: 'tiny' }, '--out RUN is missing: the folder for metrics and checkpoints'],
  [
    'a sequence beyond the context',
    { ...NEW, sequenceLength: 1025 },
    "--sequence-length 1025 is longer than the model's context of 1024 tokens; give at most that",
  ],
  [
    'a warm-down of a cosine',
    { ...NEW, warmdownSteps: 5 },
    '--warmdown-steps 5 goes with --schedule constant-then-linear; a cosine falls from the warm-up on',
  ],
  [
    'a warm-down that does not fit behind the warm-up',
    { ...NEW, steps: 100, schedule: 'constant-then-linear', warmupSteps: 40, warmdownSteps: 61 },
    '--warmup-steps 40 and --warmdown-steps 61 are more than --steps 100; give at most 60 for the warm-down',
  ],
  ['a final rate above the peak', { ...NEW, minLearningRate: 1e-3 }, '--min-lr 0.001 is above --lr 0.0006'],
])('%s is refused', (_name, given, message) => {
  expect(() => settle(given)).toThrow(new UserError(message));
});

describe('micro-steps', () => {
  const count = (totalBatchSize: number, worldSize: number) =>
    countMicroSteps(settle({ ...NEW, batchSize: 64, totalBatchSize }), worldSize);

  test.each([
    [1, 8],
    [2, 4],
    [8, 1],
  ])('on %i ranks, 524,288 tokens are %i micro-steps of 64 × 1024', (worldSize, microSteps) => {
    expect(count(524_288, worldSize)).toBe(microSteps);
  });

  test.each([
    [100_000, 1, '1 rank = 65536; the nearest that are: 65536 or 131072'],
    [300_000, 2, '2 ranks = 131072; the nearest that are: 262144 or 393216'],
    [1000, 1, '1 rank = 65536; the nearest that are: 65536'],
  ])('a total batch of %i on %i ranks is refused with the nearest sizes', (total, worldSize, end) => {
    const message = `--total-batch-size ${total} is not a multiple of batch size 64 × sequence length 1024 × ${end}`;
    expect(() => count(total, worldSize)).toThrow(new UserError(message));
  });
});

describe('recorded settings', () => {
  const run = { ...settle(NEW), trainTokens: 1000 };

  test('differ where numbers would, not where only folders or intervals do', () => {
    const moved = { ...run, out: 'other', data: 'moved', evalEvery: 1, keep: 9, threads: 77, sampleEvery: 0 };
    expect(differences(run, moved)).toEqual([]);
    expect(differences(run, { ...run, learningRate: 1, shuffle: false, trainTokens: 7 })).toEqual([
      'learningRate was 0.0006 and is 1',
      'shuffle was true and is false',
      'trainTokens was 1000 and is 7',
    ]);
  });

  test('of a run from before computed rates were rounded are the same', () => {
    expect(6e-4 / 10).not.toBe(run.minLearningRate);
    expect(differences({ ...run, minLearningRate: 6e-4 / 10 }, run)).toEqual([]);
  });

  test('of a run from before there was a choice are AdamW and a cosine', () => {
    const { optimizer: _optimizer, schedule: _schedule, recipe: _recipe, ...old } = run;
    expect(differences(old, run)).toEqual([]);
    expect(differences(old, { ...run, optimizer: 'muon' })).toEqual(['optimizer was adamw and is muon']);
  });

  test('a recorded setting that is no plain value is a difference like any other', () => {
    const seed = JSON.parse('{"toString":1,"valueOf":1}') as unknown;
    expect(differences({ ...run, seed, steps: undefined }, run)).toEqual([
      'steps was undefined and is 19073',
      'seed was {"toString":1,"valueOf":1} and is 1337',
    ]);
  });

  test('a fork takes all of them but folder and start, and nothing that is no setting', () => {
    const { out: _out, preset: _preset, trainTokens: _tokens, ...rest } = JSON.parse(JSON.stringify(run)) as typeof run;
    expect(forkedSettings({ ...run, banana: 1, init: 'weights' })).toEqual(rest);
  });

  test('a fork of a damaged record is refused', () => {
    expect(() => forkedSettings({ ...run, steps: 'many' })).toThrow(
      /the settings in state\.json: steps: expected number, found "many"/,
    );
  });
});
