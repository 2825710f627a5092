import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkCommandLine } from './command-line.ts';
import { RECIPES, ROOT, readRecipe, writtenCommands } from './recipes.ts';

const DOCKERFILE = 'recipes/container/Dockerfile';

const written = RECIPES.flatMap((path) => {
  const comments = readRecipe(path)
    .split('\n')
    .filter((line) => line.startsWith('#'))
    .join('\n');
  const text = /(\.md|Dockerfile)$/.test(path) ? readRecipe(path) : comments;
  return writtenCommands(text).map((args) => ({ path, line: args.join(' '), args }));
});

test('commands are found in comments, pages and the Dockerfile', () => {
  expect(written.map(({ path }) => path)).toEqual(expect.arrayContaining([DOCKERFILE, 'recipes/slurm/train.sbatch']));
});

test.each(written)('$path: minillm $line', async ({ args }) => {
  await checkCommandLine(args);
});

test('a renamed flag is found', async () => {
  await expect(checkCommandLine(['train', '--data=d', '--out=o', '--preset=tiny', '--batches=8'])).rejects.toThrow();
  await expect(checkCommandLine(['data', 'stories', '--out', 'o', '--stroies', '8'])).rejects.toThrow('--stroies');
});

test('every recipe stands in the list of recipes', () => {
  const page = readRecipe('recipes/README.md');
  for (const path of RECIPES.filter((recipe) => !/(README\.md|_config)$/.test(recipe)))
    expect(page).toContain(`\`${path.slice('recipes/'.length)}\``);
});

describe('the Dockerfile', () => {
  const instructions = readRecipe(DOCKERFILE)
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter(Boolean);

  test('has only instructions that there are', () => {
    const known = /^(FROM|WORKDIR|COPY|RUN|ENV|USER|ENTRYPOINT) \S/;
    expect(instructions.filter((line) => !known.test(line))).toEqual([]);
  });

  test('copies what is there', () => {
    const sources = instructions
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1));
    expect(sources).toContain('package-lock.json');
    expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test('starts miniLLM itself, as an ordinary user', () => {
    expect(instructions.at(-1)).toBe('ENTRYPOINT ["node", "/opt/minillm/bin/minillm.js"]');
    expect(instructions.filter((line) => line.startsWith('USER '))).toEqual(['USER 1000']);
  });
});
