/**
 * @file `npm run bench:recipe -- --out FOLDER FILE…`: how many tokens each recipe needs to the loss at which the reference recipe
 * ends. Every recipe's learning rate is tuned first, at the reference's length and with one seed; then each trains for several
 * lengths with several seeds. It takes hours; runs that have ended are kept in the folder, so that it goes on where it was.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeByteShards } from './bytes.ts';
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
    /** Lengths of the other recipes' runs, as parts of the reference's, down to the first that is too short. */
    lengths: { type: 'string', default: '1,0.7,0.5,0.35' },
    /** Runs at a time, each on one thread. */
    jobs: { type: 'string', default: '2' },
  },
});

const chosen = <Name extends string>(known: Record<Name, unknown>, list: string): Name[] =>
  (Object.keys(known) as Name[]).filter((name) => list.split(',').includes(name));
const numbers = (list: string): number[] => list.split(',').map(Number);

const ended: Ended[] = [];
let free = Number(values.jobs);
const waiting: (() => void)[] = [];

/** Trains when a place is free, tells of the end, and keeps it. */
async function inTurn(run: RunOfRecipe): Promise<Ended> {
  while (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
  free--;
  try {
    const end = await train(values.out, run);
    ended.push(end);
    console.log(rowOf(end));
    return end;
  } finally {
    free++;
    waiting.shift()?.();
  }
}

const COLUMNS = ['size', 'recipe', 'learningRate', 'steps', 'seed', 'validationLoss'] as const;
const rowOf = (end: Ended): string => COLUMNS.map((column) => end[column]).join('\t');

/** Tokens to the reference's loss at one size, by recipe. */
async function measure(size: SizeName, recipes: readonly RecipeName[]): Promise<void> {
  const steps = Number(values.steps);
  const [firstSeed = 1, ...otherSeeds] = numbers(values.seeds);
  const seeds = [firstSeed, ...otherSeeds];
  const best = new Map(
    await Promise.all(
      recipes.map(async (recipe) => [recipe, await tune({ size, recipe, steps, seed: firstSeed }, inTurn)] as const),
    ),
  );
  const ends = async (recipe: RecipeName, length: number): Promise<EndOfRuns> => {
    const run = { ...(best.get(recipe) as Ended), steps: Math.round(steps * length) };
    const all = await Promise.all(seeds.map((seed) => inTurn({ ...run, seed })));
    const losses = all.map(({ validationLoss }) => validationLoss);
    return { tokens: run.steps * BATCH, loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length };
  };
  const reference = await ends('reference', 1);
  for (const recipe of recipes.filter((name) => name !== 'reference')) {
    const all: EndOfRuns[] = [];
    for (const length of numbers(values.lengths)) {
      if ((all.at(-1)?.loss ?? 0) <= reference.loss) all.push(await ends(recipe, length));
    }
    const tokens = tokensToLoss(all, reference.loss);
    const found = tokens === undefined ? 'not between these lengths' : (reference.tokens / tokens).toFixed(2);
    console.log(`${size}, ${recipe}: to loss ${reference.loss.toFixed(4)} with fewer tokens, times: ${found}`);
  }
}

await writeByteShards(join(values.out, 'bytes'), positionals);
for (const size of chosen(SIZES, values.sizes)) await measure(size, chosen(RECIPES, values.recipes));
const rows = [...new Set(ended.map(rowOf))].sort();
await writeFile(join(values.out, 'results.tsv'), `${COLUMNS.join('\t')}\n${rows.join('\n')}\n`);
