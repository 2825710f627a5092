/** @file The runs of the measurement: what each is called, what `minillm train` is told, and how it ended. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readMetrics } from '#minillm/runs/metrics.js';
import { exists } from '#minillm/support/files.js';
import { type SizeName, writeInitialWeights } from './sizes.ts';

const execute = promisify(execFile);

/** Tokens of a step. */
export const BATCH = 4096;

/** What each recipe gives `minillm train`, beside its learning rate. */
export const RECIPES = {
  reference: [],
  'warm-down': ['--schedule', 'constant-then-linear'],
  muon: ['--optimizer', 'muon', '--schedule', 'constant-then-linear'],
} as const satisfies Record<string, readonly string[]>;

export type RecipeName = keyof typeof RECIPES;

export interface RunOfRecipe {
  readonly size: SizeName;
  readonly recipe: RecipeName;
  readonly learningRate: number;
  readonly steps: number;
  readonly seed: number;
}

export interface Ended extends RunOfRecipe {
  readonly validationLoss: number;
}

export const nameOf = ({ size, recipe, learningRate, steps, seed }: RunOfRecipe): string =>
  `${size}-${recipe}-lr${learningRate}-steps${steps}-seed${seed}`;

/** Trains a run to its end, or goes on with it, on one thread; one that has ended is only read. */
export async function train(folder: string, run: RunOfRecipe): Promise<Ended> {
  const out = join(folder, 'runs', nameOf(run));
  const ended = await lossAtEnd(out, run);
  if (ended) return ended;
  const init = await writeInitialWeights(join(folder, 'initial'), run.size, run.seed);
  const flags = {
    data: join(folder, 'bytes'),
    out,
    init,
    'batch-size': 16,
    'total-batch-size': BATCH,
    steps: run.steps,
    lr: run.learningRate,
    seed: run.seed,
    precision: 'bf16',
    'eval-every': 100,
    'eval-tokens': 131_072,
    'sample-every': 0,
    'checkpoint-every': 200,
    keep: 1,
    threads: 1,
    device: 'cpu',
  };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  await execute(process.execPath, ['bin/minillm.js', 'train', ...args, ...RECIPES[run.recipe]], { maxBuffer: 2 ** 27 });
  const result = await lossAtEnd(out, run);
  if (!result) throw new Error(`${out}: the run ended without a validation loss`);
  return result;
}

async function lossAtEnd(out: string, run: RunOfRecipe): Promise<Ended | undefined> {
  if (!(await exists(join(out, 'metrics.jsonl')))) return undefined;
  for (const line of await readMetrics(out))
    if (line.kind === 'eval' && line.step === run.steps && line.validationLoss !== undefined)
      return { ...run, validationLoss: line.validationLoss };
  return undefined;
}
