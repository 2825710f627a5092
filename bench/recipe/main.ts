/**
 * @file `npm run bench:recipe -- --out FOLDER FILE…`: how many tokens each recipe needs to the loss at which the reference recipe
 * ends. Every recipe's learning rate is tuned first, with one seed; then each trains with several seeds, the others than the
 * reference at lengths on either side of that loss. It takes hours; runs that have ended are read from the results.
 */

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeByteShards } from './bytes.ts';
import { Results } from './results.ts';
import { BATCH, type Ended, RECIPES, type RecipeName, type RunOfRecipe, train } from './runs.ts';
import { SIZES, type SizeName } from './sizes.ts';
import { type EndOfRuns, tokensToLoss } from './tokens-to-loss.ts';
import { tune } from './tuning.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: 'out/recipe' },
    sizes: { type: 'string', default: Object.keys(SIZES).join(',') },
    recipes: { type: 'string', default: Object.keys(RECIPES).join(',') },
    seeds: { type: 'string', default: '1,2,3' },
    /** Of the reference recipe. */
    steps: { type: 'string', default: '1000' },
    /** Lengths of the other recipes' runs, as parts of the reference's. */
    lengths: { type: 'string', default: '1,0.75,0.6,0.45,0.35,0.25' },
    /** The one of them at which rates are tuned. */
    first: { type: 'string', default: '0.6' },
    /** The learning rate at which the search for the best begins, unless a run of the kind has ended: then at the best of those. */
    start: { type: 'string', default: '0.004' },
    /** The table of the runs on these texts that have ended, to which more are added. */
    results: { type: 'string', default: 'bench/recipe/results.tsv' },
    /** Runs at a time, each on one thread. */
    jobs: { type: 'string', default: '2' },
  },
});

const chosen = <Name extends string>(known: Record<Name, unknown>, list: string): Name[] =>
  (Object.keys(known) as Name[]).filter((name) => list.split(',').includes(name));
const numbers = (list: string): number[] => list.split(',').map(Number);

const results = await Results.open(values.results);
let free = Number(values.jobs);
const waiting: (() => void)[] = [];

/** Trains once a place is free, and records the end. */
async function inTurn(run: RunOfRecipe): Promise<Ended> {
  const known = results.find(run);
  if (known) return known;
  while (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
  free--;
  try {
    const end = await train(values.out, run);
    await results.add(end);
    return end;
  } finally {
    free++;
    waiting.shift()?.();
  }
}

/** Tokens to the reference's loss at one size, by recipe. */
async function measure(size: SizeName, recipes: readonly RecipeName[]): Promise<void> {
  const steps = Number(values.steps);
  const [firstSeed = 1, ...otherSeeds] = numbers(values.seeds);
  /** The mean over seeds at a length, at the rate that is best at the first. */
  async function ends(recipe: RecipeName, first: number): Promise<(length: number) => Promise<EndOfRuns>> {
    const stepsOf = (length: number): number => Math.round(steps * length);
    const alike = { size, recipe, steps: stepsOf(first), seed: firstSeed };
    const learningRate = results.bestLearningRate(alike) ?? Number(values.start);
    const best = await tune({ ...alike, learningRate }, inTurn);
    return async (length) => {
      const run = { ...best, steps: stepsOf(length) };
      const all = await Promise.all([firstSeed, ...otherSeeds].map((seed) => inTurn({ ...run, seed })));
      const losses = all.map(({ validationLoss }) => validationLoss);
      return { tokens: run.steps * BATCH, loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length };
    };
  }
  const reference = ends('reference', 1).then((end) => end(1));
  const others = recipes.filter((name) => name !== 'reference');
  const compared = others.map(async (recipe) => {
    const first = Number(values.first);
    const end = await ends(recipe, first);
    const all = [await end(first)];
    const { loss, tokens } = await reference;
    const isLonger = (all[0]?.loss ?? 0) > loss;
    const further = numbers(values.lengths).filter((length) => (isLonger ? length > first : length < first));
    for (const length of further.sort((a, b) => Math.abs(a - first) - Math.abs(b - first)))
      if (tokensToLoss(all, loss) === undefined) all.push(await end(length));
    const needed = tokensToLoss(all, loss);
    const found = needed === undefined ? 'not between these lengths' : (tokens / needed).toFixed(2);
    console.log(`${size}, ${recipe}: to loss ${loss.toFixed(4)} with fewer tokens, times: ${found}`);
  });
  await Promise.all([reference, ...compared]);
}

await writeByteShards(join(values.out, 'bytes'), positionals);
for (const size of chosen(SIZES, values.sizes)) await measure(size, chosen(RECIPES, values.recipes));
