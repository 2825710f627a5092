/** @file The page that trains, in a browser: with a stand-in for its worker, and with the worker itself. */

import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { TAB_MODEL, TAB_SETTINGS, TAB_STORIES } from '#minillm/app/tab/training/run-settings.js';
import { openGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { parameterCount } from '#minillm/model/flops.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { unpack } from '../support/unpack.ts';
import { INSECURE_HOST, launchBrowser, missingBrowser, openContext, openPage } from './browser.ts';
import { BUILT_PAGES, failingThread, type StaticSite, serveBuiltPages, serveFolder } from './static-site.ts';
import { figures, progress } from './training-figures.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const STEPS = 4;

const recalled = (step: number, metrics: readonly object[] = []) => ({
  ...{ kind: 'recalled', step, steps: STEPS, tokensPerStep: 1024, metrics },
});
const trained = (step: number) => ({
  ...{ kind: 'train', step, loss: 8 - step, lr: 1e-3, norm: 1, ms: 20, tokensPerSecond: 5000, mfu: 0.3 },
});
const evaluated = (step: number, validationLoss: number) => ({ kind: 'eval', step, validationLoss });
const sampled = (step: number, text: string) => ({ kind: 'sample', step, text });

const FIRST_STEPS = [
  { kind: 'preparing', what: 'device' },
  { kind: 'started', step: 0, device: 'WebAssembly, 2 threads' },
  ...[evaluated(0, 10.825), sampled(0, 'Once Tuc Mars')],
  ...[trained(0), trained(1), { kind: 'checkpoint', step: 2 }],
  ...[evaluated(2, 1.5), sampled(2, 'Once there was a fox')],
];

/** A worker's script needs what its page has. */
const ISOLATED = { 'cross-origin-embedder-policy': 'require-corp' };

/** What the worker answers to each request, in the order in which they come. */
type Script = Partial<Record<string, readonly (readonly object[])[]>>;

/** A worker that plays a script. */
const standIn = (script: Script): string => `
  const script = ${JSON.stringify(script)};
  onmessage = ({ data: { kind } }) => {
    for (const event of script[kind]?.shift() ?? [])
      postMessage(event.kind === 'file' ? { ...event, content: new Blob(['zip']) } : event);
  };`;

describe.skipIf(missingBrowser !== undefined)(
  `the page that trains${missingBrowser ? ` (${missingBrowser})` : ''}`,
  () => {
    let browser: Browser;
    let site: StaticSite;
    beforeAll(async () => {
      [browser, site] = await Promise.all([launchBrowser(), serveBuiltPages({ isIsolated: true })]);
    });
    afterAll(async () => {
      await browser?.close();
      site?.close();
    });

    /** A page that must not complain on its console, nor ask any other server; checked as the test ends. */
    async function open(
      script: Script | undefined,
      options: BrowserContextOptions = {},
      { url }: Pick<StaticSite, 'url'> = site,
    ): Promise<Page> {
      const context = await openContext(browser, { viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      const wrong: string[] = [];
      page.on('pageerror', ({ message }) => wrong.push(message));
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) wrong.push(message.text());
      });
      page.on('request', (request) => {
        if (!/^(blob:)?http:\/\/(127\.0\.0\.1|insecure\.test):/.test(request.url())) wrong.push(request.url());
      });
      if (script)
        await page.route('**/assets/worker-*.js', (route) =>
          route.fulfill({
            contentType: 'text/javascript',
            headers: ISOLATED,
            body: standIn(script),
          }),
        );
      onTestFinished(async () => {
        await context.close();
        expect(wrong).toEqual([]);
      });
      await page.goto(`${url}train.html`);
      return page;
    }

    const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
    const says = (page: Page, text: string | RegExp) => page.getByRole('status').filter({ hasText: text }).waitFor();
    const chart = (page: Page) => page.getByRole('img', { name: /^Loss: / });

    test('trains at a press of a key: losses, texts, progress, and then the model as a file', async () => {
      const page = await open({
        recall: [[recalled(0)]],
        train: [FIRST_STEPS],
        stop: [[{ kind: 'ended', step: 2, interrupted: true }]],
        download: [[{ kind: 'file', name: 'model.zip' }]],
      });
      await says(page, 'nothing leaves this computer');
      const explained = await page.getByRole('region', { name: 'What happens here' }).textContent();
      for (const number of [parameterCount(TAB_MODEL), TAB_STORIES.count, TAB_SETTINGS.totalBatchSize])
        expect(explained).toContain(number.toLocaleString('en'));
      expect(await chart(page).count()).toBe(0);
      await button(page, 'Train').press('Enter');
      await says(page, 'At each step');
      await chart(page).locator('canvas').waitFor();
      expect(await chart(page).getAttribute('aria-label')).toContain('validation 1.500');
      const shown = await figures(page).textContent();
      expect(shown).toContain('step 2 of 4');
      expect(shown).toContain('5,000');
      const newest = page.getByRole('region', { name: 'Samples' });
      await newest.getByText('Once there was a fox').waitFor();
      await page.getByRole('region', { name: 'Untrained' }).getByText('Once Tuc Mars').waitFor();
      await page.getByRole('slider').press('Home');
      await newest.getByText('Once Tuc Mars').waitFor();
      await page.getByText('on WebAssembly, 2 threads').waitFor();
      // the button that has the focus keeps it
      await button(page, 'Stop').press('Enter');
      await button(page, 'Resume').waitFor();
      expect(await button(page, 'Resume').evaluate((element) => element.matches(':focus'))).toBe(true);
      const download = page.waitForEvent('download');
      await button(page, 'Download the model').click();
      expect((await download).suggestedFilename()).toBe('model.zip');
      expect(readFileSync((await (await download).path()) ?? '', 'utf8')).toBe('zip');
    });

    test('has the run of an earlier visit, goes on with it to the end, and throws it away when that is confirmed', async () => {
      const history = [evaluated(0, 10.825), sampled(0, 'Once Tuc Mars'), trained(0), trained(1)];
      const page = await open({
        recall: [[recalled(2, history)]],
        train: [
          [
            { kind: 'started', step: 2, device: 'WebAssembly' },
            ...[trained(2), trained(3), { kind: 'checkpoint', step: 4 }, evaluated(4, 1.1)],
            { kind: 'ended', step: 4, interrupted: false },
          ],
        ],
        forget: [[recalled(0)]],
      });
      await page.getByText('Once Tuc Mars').waitFor();
      await button(page, 'Resume').click();
      await says(page, 'It is trained. It writes whole sentences');
      expect(await figures(page).textContent()).toContain('step 4 of 4');
      expect(await button(page, 'Download the model').count()).toBe(1);
      page.once('dialog', (dialog) => dialog.dismiss());
      await button(page, 'Start again').click();
      await says(page, 'It is trained.');
      page.once('dialog', (dialog) => dialog.accept());
      await button(page, 'Start again').click();
      await button(page, 'Train').waitFor();
      expect(await chart(page).count()).toBe(0);
    });

    test('says what went wrong, what is lost and what the browser does not keep', async () => {
      const page = await open({
        recall: [[{ kind: 'lost' }, recalled(0)]],
        train: [
          [
            { kind: 'unkept', reason: 'the quota is used up' },
            { kind: 'failed', message: 'there is no memory' },
          ],
        ],
      });
      await page.getByRole('alert').filter({ hasText: 'is damaged' }).waitFor();
      await button(page, 'Train').click();
      await page.getByRole('alert').filter({ hasText: 'the quota is used up' }).waitFor();
      await page.getByRole('alert').filter({ hasText: 'there is no memory' }).waitFor();
      await button(page, 'Train').waitFor();
    });

    test('starts its worker again where that has failed', async () => {
      const page = await open({ recall: [[recalled(0)]], train: [FIRST_STEPS] });
      await says(page, 'nothing leaves this computer');
      const broken = { contentType: 'text/javascript', headers: ISOLATED, body: '(' };
      await page.route('**/assets/worker-*.js', (route) => route.fulfill(broken), { times: 1 });
      await page.reload();
      await page.getByRole('alert').filter({ hasText: 'could not be started' }).waitFor();
      await button(page, 'Train').click();
      await says(page, 'At each step');
    });

    test('that is opened as a file says where it runs', async () => {
      const page = await openPage(browser);
      onTestFinished(() => page.close());
      await page.goto(pathToFileURL(join(BUILT_PAGES, 'train.html')).href);
      await page.getByText('Serve its folder').waitFor();
    });

    test.each([
      ['light', 1440],
      ['dark', 768],
      ['dark', 360],
    ] as const)('fits a %s screen of %i pixels, and everyone', async (colorScheme, width) => {
      const script = { recall: [[recalled(0)]], train: [FIRST_STEPS] };
      const page = await open(script, { colorScheme, viewport: { width, height: 800 } });
      const check = async (): Promise<void> => {
        expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        const widths = await page.$$eval('main > *', (parts) =>
          parts.map((part) => part.getBoundingClientRect().width),
        );
        expect(new Set(widths).size).toBe(1);
        const problems = await page.evaluate(
          `${axe}; axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => [id, target, failureSummary].join(': '))))`,
        );
        expect(problems).toEqual([]);
      };
      await says(page, 'nothing leaves this computer');
      await check();
      await button(page, 'Train').click();
      await page.getByText('Once there was a fox').waitFor();
      await check();
    });

    test('trains: the loss falls, the run outlives a visit, and the file opens as a model', async () => {
      const page = await open(undefined);
      await button(page, 'Train').click();
      await figures(page).waitFor();
      const { validationLoss } = await progress(page);
      expect(Math.round(validationLoss)).toBe(11);
      const otherTab = await page.context().newPage();
      await otherTab.goto(page.url());
      await otherTab.getByRole('alert').filter({ hasText: 'open in another tab' }).waitFor();
      await otherTab.close();
      const isLower = async () => (await progress(page)).trainingLoss < validationLoss - 0.25;
      await expect.poll(isLower).toBe(true);
      await button(page, 'Stop').click();
      await button(page, 'Resume').waitFor();
      const { step } = await progress(page);
      const download = page.waitForEvent('download');
      await button(page, 'Download the model').click();
      const folder = unpack(readFileSync((await (await download).path()) ?? ''));
      expect(basename(folder)).toBe(`minillm-stories-step-${step}`);
      const model = await openGpt2Folder(folder);
      expect(model.config).toEqual(TAB_MODEL);
      await model.close();
      await page.reload();
      await button(page, 'Resume').click();
      await expect.poll(async () => (await progress(page)).step).toBeGreaterThan(step);
      await button(page, 'Stop').click();
      await button(page, 'Resume').waitFor();
    });

    test('trains and stops without shared memory, after kernels that did not come, in a browser without room', async () => {
      const plain = await serveBuiltPages({ isIsolated: false });
      onTestFinished(() => plain.close());
      const page = await open(undefined, {}, plain);
      const noKernels = { contentType: 'text/html', body: '<html>' };
      await page.route('**/*.wasm', (route) => route.fulfill(noKernels), { times: 2 });
      await button(page, 'Train').click();
      await page.getByRole('alert').filter({ hasText: 'came damaged or cut off; try again' }).waitFor();
      const session = await page.context().newCDPSession(page);
      await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(plain.url).origin, quotaSize: 1e6 });
      await button(page, 'Train').click();
      await page.getByText('1 thread, relaxed; with several threads').waitFor();
      await figures(page).waitFor();
      await expect.poll(async () => (await progress(page)).step).toBeGreaterThan(0);
      await button(page, 'Stop').click();
      await button(page, 'Resume').waitFor();
      await page.getByRole('alert').filter({ hasText: 'it has no room for it' }).waitFor();
    });

    test('trains after a thread that could not be started, and goes on after one that failed', async () => {
      const folder = temporaryFolder();
      cpSync(BUILT_PAGES, folder, { recursive: true });
      const site = await serveFolder(folder, { isIsolated: true });
      const page = await openPage(browser);
      onTestFinished(async () => {
        await page.close();
        site.close();
      });
      const assets = join(folder, 'assets');
      const path = join(assets, readdirSync(assets).find((name) => name.startsWith('thread-in-browser')) ?? '');
      const script = readFileSync(path, 'utf8');
      const failure = (cause: string) =>
        page.getByRole('alert').filter({ hasText: `a thread of WebAssembly has failed (${cause}); try again` });
      rmSync(path);
      await page.goto(`${site.url}train.html`);
      await button(page, 'Train').click();
      await failure('its script could not be fetched').waitFor();
      writeFileSync(path, failingThread(script, 60));
      await button(page, 'Train').click();
      await failure('Uncaught Error: gone').waitFor();
      writeFileSync(path, script);
      await page.getByRole('button', { name: /^(Train|Resume)$/ }).click();
      await expect.poll(async () => (await progress(page)).step).toBeGreaterThan(1);
      expect(await page.getByRole('alert').count()).toBe(0);
    });

    test('trains over HTTP without a secure context: stops, outlives the visit, goes on, and gives the file', async () => {
      const plain = await serveBuiltPages({ isIsolated: false });
      onTestFinished(() => plain.close());
      const page = await open(undefined, {}, { url: plain.url.replace('127.0.0.1', INSECURE_HOST) });
      expect(await page.evaluate('isSecureContext')).toBe(false);
      const otherTab = await page.context().newPage();
      await otherTab.goto(page.url());
      await button(otherTab, 'Train').waitFor();
      await button(page, 'Train').click();
      await page.getByText('faster: open the page over HTTPS').waitFor();
      await figures(page).waitFor();
      await expect.poll(async () => (await progress(page)).step).toBeGreaterThan(0);
      await button(page, 'Stop').click();
      await button(page, 'Resume').waitFor();
      const { step } = await progress(page);
      await page.reload();
      await button(page, 'Resume').click();
      await expect.poll(async () => (await progress(page)).step).toBeGreaterThan(step);
      await button(otherTab, 'Train').click();
      await expect.poll(async () => (await progress(otherTab)).step).toBeGreaterThan(0);
      await button(otherTab, 'Stop').click();
      await otherTab.getByRole('alert').filter({ hasText: 'open in another tab' }).waitFor();
      await otherTab.close();
      const download = page.waitForEvent('download');
      await button(page, 'Download the model').click();
      const model = await openGpt2Folder(unpack(readFileSync((await (await download).path()) ?? '')));
      expect(model.config).toEqual(TAB_MODEL);
      await model.close();
      expect(await page.getByRole('alert').count()).toBe(0);
    });
  },
);
