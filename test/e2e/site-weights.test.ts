/** @file A static site whose weights are kept by the browser, or do not come, or do not fit: in a browser. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { mainSource } from '#minillm/app/server/models/model-source.js';
import { planSite } from '#minillm/app/site/site-plan.js';
import { writeSite } from '#minillm/app/site/write-site.js';
import { PRESETS } from '#minillm/model/presets.js';
import { smallRun } from '../app/server/models/small-run.ts';
import { INSECURE_HOST, launchBrowser, missingBrowser, openContext } from './browser.ts';
import { failingThread, type StaticSite, serveFolder } from './static-site.ts';

const WEIGHTS = 'models/tales/model.safetensors';

/** A site of one model, of 1.6 MB. @param step the run's only checkpoint; each has other weights */
async function write(folder: string, step: number): Promise<void> {
  const run = join(folder, `../run-${step}/tales`);
  await smallRun(run, [step]);
  const main = await mainSource(run, run);
  const plan = await planSite({ main, compared: undefined, weights: 'bf16', slider: 0 });
  await writeSite(folder, plan, { version: '1', signal: new AbortController().signal });
}

describe.skipIf(missingBrowser !== undefined)(
  `the weights of a static site${missingBrowser ? ` (${missingBrowser})` : ''}`,
  () => {
    const around = mkdtempSync(join(tmpdir(), 'minillm-test-'));
    const folder = join(around, 'site');
    let browser: Browser;
    let site: StaticSite;
    beforeAll(async () => {
      await write(folder, 1);
      [browser, site] = await Promise.all([launchBrowser(), serveFolder(folder, { isIsolated: true })]);
    });
    afterAll(async () => {
      await browser?.close();
      site?.close();
      rmSync(around, { recursive: true, force: true });
    });

    /** A first visit. @param prelude runs in the engine's worker before all else */
    async function visit({
      url = site.url,
      prelude = '',
      ...options
    }: BrowserContextOptions & { url?: string; prelude?: string } = {}) {
      const context = await openContext(browser, options);
      onTestFinished(() => context.close());
      if (prelude)
        await context.route('**/assets/engine-worker-*.js', async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, body: `${prelude};${await response.text()}` });
        });
      const page = await context.newPage();
      await page.goto(`${url}#length=6`);
      return page;
    }

    /** Waits until the model has written. */
    async function answers(page: Page): Promise<void> {
      await page.getByText(/The models run in this tab/).waitFor();
    }

    async function failsThenAnswers(page: Page, sentence: RegExp, mend: () => void = () => {}): Promise<void> {
      const alert = page.getByRole('alert');
      await alert.waitFor();
      expect(await alert.locator('p').textContent()).toMatch(sentence);
      mend();
      await page.getByRole('button', { name: 'Run again' }).click();
      await answers(page);
    }

    test('are read once: the second visit asks for none, and one after the site has changed for the new ones', async () => {
      const page = await visit();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      const reads = async (): Promise<boolean> => {
        asked.length = 0;
        await page.reload();
        await answers(page);
        return asked.includes(site.url + WEIGHTS);
      };
      await answers(page);
      await page.getByText("Their weights (1.6 MB) are in this browser's cache now").waitFor();
      expect(await reads()).toBe(false);
      await page.getByText("Their weights (1.6 MB) came from this browser's cache").waitFor();
      await write(folder, 2);
      expect(await reads()).toBe(true);
      expect(await reads()).toBe(false);
      const kept = await page.evaluate<number>(
        'caches.keys().then(async ([name]) => (await (await caches.open(name)).keys()).length)',
      );
      expect(kept).toBe(1);
    });

    test('go on where the connection was cut, also where the server knows no ranges', async () => {
      for (const knowsRanges of [true, false]) {
        Object.assign(site.weights, { knowsRanges, breaks: 2, breakAfter: 700_000 });
        await answers(await visit());
        expect(site.weights.breaks).toBe(0);
      }
      site.weights.knowsRanges = true;
    });

    test('that do not come, or are damaged, are one sentence, and the next try works', async () => {
      Object.assign(site.weights, { breaks: 3, breakAfter: 500_000 });
      await failsThenAnswers(await visit(), /tales\/model\.safetensors: the connection was cut after \d+ of \d+ bytes/);
      site.weights.status = 404;
      await failsThenAnswers(await visit(), /expected a file, found HTTP status 404; check the address$/, () => {
        site.weights.status = undefined;
      });
      const file = join(folder, WEIGHTS);
      const whole = readFileSync(file);
      writeFileSync(file, Buffer.from(whole).fill(1, 1_000_000, 1_000_100));
      await failsThenAnswers(await visit(), /expected the weights that the site was made with, found others/, () =>
        writeFileSync(file, whole),
      );
      writeFileSync(file, whole.subarray(0, 900_000));
      await failsThenAnswers(await visit(), /expected \d+ bytes, found 900000; the file is damaged/, () =>
        writeFileSync(file, whole),
      );
    });

    test('a browser without SIMD, or that gives no memory, is one sentence, and the next try works', async () => {
      const twiceWithout = `let left = 2;
        const validate = WebAssembly.validate;
        WebAssembly.validate = (bytes) => left-- <= 0 && validate(bytes)`;
      const sentence = /^expected WebAssembly with SIMD, found an engine without it; use a newer browser/;
      await failsThenAnswers(await visit({ prelude: twiceWithout }), sentence);
      const onceRefused = `let isRefused = true;
        const grow = WebAssembly.Memory.prototype.grow;
        WebAssembly.Memory.prototype.grow = function (pages) {
          if (!isRefused) return grow.call(this, pages);
          isRefused = false;
          throw new RangeError('failed to grow memory');
        }`;
      await failsThenAnswers(await visit({ prelude: onceRefused }), /^expected [\d.]+ GiB more memory, found that /);
    });

    test('an engine that cannot be fetched is one sentence, and the next try works', async () => {
      const context = await openContext(browser);
      onTestFinished(() => context.close());
      await context.route('**/assets/engine-worker-*.js', (route) => route.abort(), { times: 1 });
      const page = await context.newPage();
      await page.goto(site.url);
      await failsThenAnswers(page, /^the worker that runs the models could not be loaded; check the connection/);
    });

    /** A script or module of the site, which can be replaced until it is mended. */
    function asset(name: RegExp) {
      const assets = join(folder, 'assets');
      const path = join(assets, readdirSync(assets).find((file) => name.test(file)) ?? '');
      const whole = readFileSync(path);
      const mend = (): void => writeFileSync(path, whole);
      onTestFinished(mend);
      return { whole, replace: (content: string | Buffer) => writeFileSync(path, content), mend };
    }

    test('kernels that came cut off are one sentence, and the next try works', async () => {
      const { whole, replace, mend } = asset(/^relaxed-bf16.*wasm$/);
      for (const bytes of [8, 60_000]) {
        replace(whole.subarray(0, bytes));
        const sentence = /^the kernels \(relaxed-bf16\.wasm\) came damaged or cut off; try again/;
        await failsThenAnswers(await visit(), sentence, mend);
      }
    });

    test('a thread whose script does not come, or that fails, is one sentence, and the next try works', async () => {
      const { whole, replace, mend } = asset(/^thread-in-browser/);
      replace('<html>');
      const unread = /^a thread of WebAssembly has failed \(its script could not be fetched\); try again$/;
      await failsThenAnswers(await visit(), unread, mend);
      const failed = /^a thread of WebAssembly has failed \(Uncaught Error: gone\); try again$/;
      replace('throw new Error("gone")');
      await failsThenAnswers(await visit(), failed, mend);
      // while it writes
      replace(failingThread(`${whole}`, 4));
      const page = await visit();
      await failsThenAnswers(page, failed, mend);
      await expect.poll(() => page.locator('.token').count()).toBe(6);
      expect(await page.getByRole('alert').count()).toBe(0);
    });

    test('of a model that is too large for the memory: one sentence says so', async () => {
      const page = await visit({
        prelude: `const read = Response.prototype.json;
          Response.prototype.json = async function () {
            return { ...(await read.call(this)), main: { id: 'large', config: ${JSON.stringify(PRESETS['gpt2-1558m'])} } };
          }`,
      });
      await page.getByRole('alert').waitFor();
      expect(await page.getByRole('alert').locator('p').textContent()).toMatch(
        /^serving large needs 12\.0 GB, the device has 4\.\d+ GB; serve a smaller model/,
      );
    });

    test('a page that may share no memory computes on one thread, and says that more would be faster, also without HTTPS', async () => {
      const plain = await serveFolder(folder, { isIsolated: false });
      onTestFinished(() => plain.close());
      const page = await visit({ url: plain.url, serviceWorkers: 'block' });
      await answers(page);
      await page.getByText(/on WebAssembly, 1 thread, .* With several threads it would be faster/).waitFor();
      expect(await page.getByRole('alert').allTextContents()).toEqual([]);
      const insecure = await visit({ url: site.url.replace('127.0.0.1', INSECURE_HOST) });
      await answers(insecure);
      await insecure
        .getByText(/1 thread, .* not all kept .* \(it needs HTTPS\)\. .* open the page over HTTPS/)
        .waitFor();
      expect(await insecure.getByRole('alert').allTextContents()).toEqual([]);
    });
  },
);
