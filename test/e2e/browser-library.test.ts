/** @file `minillm/browser` in pages: in the example as Vite builds it, and without a bundler. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { writeUntrained } from '../generate/untrained-folder.ts';
import { launchBrowser, missingBrowser, openPage } from './browser.ts';
import { type StaticSite, serveFolder } from './static-site.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

describe.skipIf(missingBrowser !== undefined)('minillm/browser', () => {
  let browser: Browser;
  const example = mkdtempSync(join(tmpdir(), 'minillm-test-'));
  beforeAll(async () => {
    const built = build({
      root: join(ROOT, 'examples/browser'),
      logLevel: 'error',
      build: { outDir: example, chunkSizeWarningLimit: 1000 },
    });
    [browser] = await Promise.all([launchBrowser(), built]);
    await writeUntrained(join(example, 'model'));
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(example, { recursive: true, force: true });
  });

  async function serve(folder: string, isIsolated: boolean): Promise<StaticSite> {
    const site = await serveFolder(folder, { isIsolated });
    onTestFinished(() => site.close());
    return site;
  }

  /** A page whose console must stay empty; checked as the test ends. */
  async function openQuietPage(): Promise<Page> {
    const page = await openPage(browser);
    const wrong: string[] = [];
    page.on('pageerror', ({ message }) => wrong.push(message));
    page.on('console', (message) => wrong.push(message.text()));
    onTestFinished(async () => {
      await page.close();
      expect(wrong).toEqual([]);
    });
    return page;
  }

  test.each([
    ['with threads', true, /^written on WebAssembly, [2-9]\d* threads/],
    ['without threads', false, /^written on WebAssembly, 1 thread,/],
  ])('the example loads a model, answers a prompt and scores the text, %s', async (_, isIsolated, device) => {
    const site = await serve(example, isIsolated);
    const page = await openQuietPage();
    await page.goto(site.url);
    await page.getByLabel('Prompt').fill('Once there was');
    await page.getByRole('button', { name: 'Load it and write' }).click();
    await page.getByRole('status').filter({ hasText: device }).waitFor();
    const text = (await page.locator('pre').textContent()) ?? '';
    expect(text).toMatch(/^Once there was/);
    expect(text.length).toBeGreaterThan(60);
    // about the number of tokens there are, as the model has not been trained
    expect((await page.getByRole('status').textContent()) ?? '').toMatch(/perplexity [45]\d{4}\./);
  });

  test('no bundler is needed: a page with an import map loads the files of the package as they are', async () => {
    const { url } = await serve(ROOT, true);
    const page = await openQuietPage();
    await page.route('**/page.html', (route) =>
      route.fulfill({
        contentType: 'text/html',
        headers: { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' },
        body: `<!doctype html><link rel="icon" href="data:,"><p></p>
          <script type="importmap">
            { "imports": { "minillm/browser": "./dist/browser.js", "zod": "./node_modules/zod/index.js" } }
          </script>
          <script type="module">
            import { loadModel, storyTokens, train } from 'minillm/browser';
            const data = await storyTokens({ count: 50, seed: 1 });
            const small = { sequenceLength: 16, batchSize: 1, totalBatchSize: 16, evalTokens: 16, sampleEvery: 0 };
            const training = train({ data, preset: 'tiny', steps: 2, ...small }, { modules: 'dist/backends/wasm' });
            for await (const event of training);
            const model = await loadModel(training, { positions: 20, threads: 2 });
            const [text] = await model.complete('Once', { tokens: 5 });
            const { size } = await training.zip('model');
            await model.close();
            document.querySelector('p').textContent = [model.device, model.path, text.startsWith('Once'), size].join(' | ');
          </script>`,
      }),
    );
    await page.goto(`${url}page.html`);
    await page.locator('p').filter({ hasText: /./ }).waitFor();
    expect(await page.locator('p').textContent()).toMatch(/^WebAssembly, 2 threads, .* \| step 2 \| true \| \d{8}$/);
  });
});
