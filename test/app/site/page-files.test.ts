import { expect, test } from 'vitest';
import { listPageFiles } from '#minillm/app/site/page-files.js';
import { builtPage } from './built-page.ts';

test('a site has what its pages need, directly or not, and nothing of the other pages', async () => {
  const paths = (await listPageFiles(builtPage())).map(({ path }) => path);
  expect(paths.sort()).toEqual([
    'THIRD-PARTY.txt',
    'assets/engine-1.js',
    'assets/kernels-1.wasm',
    'assets/site-1.css',
    'assets/site-1.js',
    'assets/train-1.js',
    'icon.svg',
    'index.html',
    'isolation.js',
    'train.html',
  ]);
});

test('a page that was not built is said to be missing', async () => {
  await expect(listPageFiles(builtPage({ 'site.html': undefined }))).rejects.toThrow(
    /site\.html: could not read it \(ENOENT/,
  );
});
