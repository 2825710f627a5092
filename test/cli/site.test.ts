import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Site } from '#minillm/app/tab/site.js';
import { smallRun } from '../app/server/models/small-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { minillm } from './minillm.ts';

/** Of another vocabulary than GPT-2's. */
const FIXTURE = fileURLToPath(new URL('../fixtures/gpt2-tiny/', import.meta.url));

async function tales() {
  const folder = temporaryFolder();
  const run = join(folder, 'tales');
  await smallRun(run, [3, 5]);
  return { folder, run, site: join(folder, 'site') };
}

test('a site is written, with its sizes, how to look at it and how to publish it', async () => {
  const { run, site } = await tales();
  const { code, stdout, stderr } = await minillm('site', site, '--checkpoint', run);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/: tales beside untrained, 2 of 2 checkpoints on the slider\n\n/);
  expect(stdout).toMatch(/^tales \(models\/tales\/\) +1\.6\d MB$/m);
  expect(stdout).toMatch(/^tales@3 \(models\/tales\/step-00000003\/\) +1\.6\d MB$/m);
  expect(stdout).toMatch(/^the pages +[\d.]+ [kM]B$/m);
  expect(stdout).toMatch(/^total +[\d.]+ MB$/m);
  expect(stdout).toContain(`look at it: npx http-server ${site}, or python3 -m http.server -d ${site} 8000\n`);
  expect(stdout).toContain('minillm publish --space OWNER/NAME');
  for (const name of ['index.html', 'train.html'])
    for (const [, path = ''] of readFileSync(join(site, name), 'utf8').matchAll(/(?:src|href)="(?:\.\/)?([^":]+)"/g))
      expect([path, statSync(join(site, path)).isFile()]).toEqual([path, true]);
});

test('an older site is replaced, in another type and without what it had besides', async () => {
  const { run, site } = await tales();
  await minillm('site', site, '--checkpoint', run);
  const flags = ['--weights', 'int8', '--slider', '0', '--no-compare', '--model-name', 'book'];
  const { code, stdout } = await minillm('site', site, '--checkpoint', join(run, 'step-00000003'), ...flags);
  expect([code, stdout.split('\n')[0]]).toEqual([0, `${site}: book`]);
  const manifest = JSON.parse(readFileSync(join(site, 'site.json'), 'utf8')) as Site;
  expect(manifest).toMatchObject({ weights: 'int8', main: { id: 'book' }, compared: null, steps: [] });
  expect(readdirSync(join(site, 'models'), { recursive: true }).sort()).toEqual([
    'book',
    'book/config.json',
    'book/model.safetensors',
  ]);
});

test('an untrained model needs no weights', async () => {
  const site = join(temporaryFolder(), 'site');
  const { code, stdout } = await minillm('site', site, '--checkpoint', 'untrained:tiny');
  expect([code, stdout.split('\n')[0]]).toEqual([0, `${site}: untrained:tiny`]);
  expect(readdirSync(site)).not.toContain('models');
});

test('what cannot become a site is refused in one line, and no folder is left', async () => {
  const { folder, run, site } = await tales();
  const refused = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await minillm('site', ...args);
    expect([code, stdout, stderr.split('\n').length]).toEqual([1, '', 2]);
    return stderr;
  };
  expect(await refused(site, '--checkpoint', join(folder, 'none'))).toMatch(
    /expected a run folder.*found nothing there/,
  );
  expect(await refused(site, '--checkpoint', FIXTURE)).toMatch(/expected a model with GPT-2's vocabulary/);
  expect(await refused(site, '--checkpoint', 'untrained:tiny', '--slider', '4')).toMatch(
    /--slider 4: expected a run.*found a model of none \(untrained:tiny\); leave --slider out/,
  );
  expect(await refused(run, '--checkpoint', run)).toMatch(/tales: expected an empty folder or a site, found metrics/);
  const damaged = join(run, 'step-00000005', 'model.safetensors');
  writeFileSync(damaged, readFileSync(damaged).subarray(0, 1000));
  expect(await refused(site, '--checkpoint', run)).toMatch(/model\.safetensors: expected .* bytes/);
  expect(readdirSync(folder)).toEqual(['tales']);
});

test('flags that are missing or wrong are usage errors', async () => {
  const site = join(temporaryFolder(), 'site');
  const usage = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await minillm('site', ...args);
    expect(code).toBe(2);
    return stderr;
  };
  expect(await usage(site)).toMatch(/--checkpoint is required/);
  expect(await usage()).toMatch(/folder/);
  expect(await usage(site, '--checkpoint', 'a', '--slider', 'some')).toMatch(/Expected a whole number, or all/);
  expect(await usage(site, '--checkpoint', 'a', '--weights', 'int4')).toMatch(/Allowed choices are fp32, bf16, int8/);
});
