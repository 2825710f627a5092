/** @file The table of all runs that have ended: one a line, columns separated by tabs. */

import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { exists } from '#minillm/support/files.js';
import type { Ended, RunOfRecipe } from './runs.ts';

const COLUMNS = ['size', 'recipe', 'learningRate', 'steps', 'seed', 'validationLoss'] as const;

const lineOf = (columns: readonly unknown[]): string => `${columns.join('\t')}\n`;
/** What tells one run from another. */
const keyOf = ({ size, recipe, learningRate, steps, seed }: RunOfRecipe): string =>
  lineOf([size, recipe, learningRate, steps, seed]);

export class Results {
  readonly #path: string;
  readonly #ended = new Map<string, Ended>();

  private constructor(path: string) {
    this.#path = path;
  }

  /** The table of a file, which is made if there is none. */
  static async open(path: string): Promise<Results> {
    const results = new Results(path);
    if (!(await exists(path))) await writeFile(path, lineOf(COLUMNS));
    for (const line of (await readFile(path, 'utf8')).trimEnd().split('\n').slice(1)) {
      const [size, recipe, learningRate, steps, seed, validationLoss] = line.split('\t');
      const run = { size, recipe, learningRate: Number(learningRate), steps: Number(steps), seed: Number(seed) };
      const ended = { ...run, validationLoss: Number(validationLoss) } as Ended;
      results.#ended.set(keyOf(ended), ended);
    }
    return results;
  }

  find(run: RunOfRecipe): Ended | undefined {
    return this.#ended.get(keyOf(run));
  }

  /** The learning rate of the best run that differs from this one in it alone. */
  bestLearningRate(run: Omit<RunOfRecipe, 'learningRate'>): number | undefined {
    const alike = [...this.#ended.values()].filter(
      (ended) => keyOf(ended) === keyOf({ ...ended, ...run }) && Number.isFinite(ended.validationLoss),
    );
    return alike.sort((a, b) => a.validationLoss - b.validationLoss)[0]?.learningRate;
  }

  async add(ended: Ended): Promise<void> {
    this.#ended.set(keyOf(ended), ended);
    const line = lineOf(COLUMNS.map((column) => ended[column]));
    await appendFile(this.#path, line);
    process.stdout.write(line);
  }
}
