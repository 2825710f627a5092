/** @file What a small run has recorded: its settings, metrics and state. */

export const CONFIGURATION = {
  data: 'data/book',
  out: 'out/book',
  preset: 'tiny',
  batchSize: 8,
  sequenceLength: 128,
  totalBatchSize: 1024,
  steps: 400,
  learningRate: 4e-3,
  minLearningRate: 4e-4,
  warmupSteps: 20,
  weightDecay: 0.1,
  gradientClip: 1,
  seed: 1337,
  skipOutliers: 0,
  precision: 'fp32',
  shuffle: true,
  device: 'cpu',
  threads: 2,
  trainTokens: 120_000,
};

export const VERSIONS = { minillm: '0.1.0', node: '22.0.0', device: 'AVX2, 2 threads' };

const train = (step: number) => ({
  kind: 'train',
  step,
  loss: 10.9 - step / 10,
  lr: 4e-3,
  norm: 1.25,
  ms: 12.5,
  tokensPerSecond: 81920,
  mfu: 0.25,
  ...(step > 3 ? { lossZ: 0.5, normZ: -0.25 } : {}),
  ...(step === 5 ? { skipped: 'outlier' } : {}),
});

/** Lines of `metrics.jsonl`. */
export const METRICS = [
  { kind: 'eval', step: 0, validationLoss: 10.9 },
  ...Array.from({ length: 6 }, (_, step) => train(step)),
  { ...train(6), loss: null, norm: null, skipped: 'not finite' },
  { kind: 'sample', step: 7, text: 'Once upon a time\nthere was “a fox” 🙂' },
  {
    kind: 'eval',
    step: 7,
    validationLoss: 9.5,
    hellaswag: { accuracy: 0.25, accuracyNorm: 0.26, correct: 2511, correctNorm: 2611, total: 10042 },
  },
]
  .map((line) => `${JSON.stringify(line)}\n`)
  .join('');

/** `state.json` of a checkpoint. */
export const STATE = JSON.stringify({
  formatVersion: 1,
  step: 7,
  updates: 5,
  seed: 1337,
  recent: { losses: [10.9, 10.8], norms: [1.25, 1.5] },
  checksums: { 'model.safetensors': 123456789, 'optimizer.safetensors': 0 },
  configuration: CONFIGURATION,
  versions: VERSIONS,
});

/** `run.json` of a run folder. */
export const FACTS = JSON.stringify({
  parameters: 3_200_000,
  model: {},
  versions: VERSIONS,
  configuration: CONFIGURATION,
});
