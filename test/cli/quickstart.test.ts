import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkCommandLine } from '../recipes/command-line.ts';
import { writtenCommands } from '../recipes/recipes.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { minillm } from './minillm.ts';

test('quickstart ends with what to do next, the app and its address first', async () => {
  const folder = temporaryFolder();
  const [data, out] = [join(folder, 'data'), join(folder, 'run')];
  await minillm('data', 'stories', '--stories', '500', '--out', data);
  const { code, stdout, stderr } = await minillm(
    ...['quickstart', '--data', data, '--out', out],
    ...['--steps', '1', '--threads', '2'],
  );
  expect([code, stderr]).toEqual([0, '']);
  const next = stdout.slice(stdout.indexOf('Next:'));
  expect(next).toContain(`node bin/minillm.js serve --checkpoint ${out} --port 7860\n`);
  expect(next).toMatch(/and open http:\/\/127\.0\.0\.1:7860\/\n/);
  const [serve = []] = writtenCommands(next);
  await checkCommandLine(serve);
});
