/** @file The app's page in a browser, against a server that answers as the real one does (playground-stand-in.ts). */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { launchBrowser, missingBrowser, openPage } from './browser.ts';
import { type StandIn, type StandInOptions, startStandIn } from './playground-stand-in.ts';

/** Words that only the trained model knows. */
const STORY = /\b(fox|heron|sea|friends)\b/;

/** Makes a page believe that it is in the background until `show` is called. */
const HIDDEN = `
  let visibility = 'hidden';
  Object.defineProperty(document, 'visibilityState', { get: () => visibility });
  window.show = () => {
    visibility = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
  };`;

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe.skipIf(missingBrowser !== undefined)(`the app's page${missingBrowser ? ` (${missingBrowser})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  async function serve(options?: StandInOptions): Promise<StandIn> {
    const server = await startStandIn(options);
    onTestFinished(() => server.close());
    return server;
  }

  /** A page that must not complain on its console, nor ask any other server; `complaints` are checked as the test ends. */
  async function open(
    server: StandIn,
    fragment = '',
    options: BrowserContextOptions = {},
    script?: string,
  ): Promise<Page> {
    const page = await openPage(browser, { viewport: { width: 1280, height: 900 }, ...options });
    if (script !== undefined) await page.addInitScript(script);
    const complaints: string[] = [];
    const elsewhere: string[] = [];
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      const isRefusal = message.text().startsWith('Failed to load resource: the server responded with a status of');
      if (['error', 'warning'].includes(message.type()) && !isRefusal) complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url)) elsewhere.push(request.url());
    });
    onTestFinished(async () => {
      await page.close();
      expect([complaints, elsewhere]).toEqual([[], []]);
    });
    await page.goto(server.url + fragment);
    return page;
  }

  const pane = (page: Page, title: string) =>
    page.locator('main > div:not([hidden])').getByRole('region', { name: title, exact: true });
  const tokens = (page: Page, title: string) => pane(page, title).locator('.token');
  const textOf = async (page: Page, title: string): Promise<string> =>
    (await tokens(page, title).allTextContents()).join('');

  /** Waits until both texts have ended. */
  async function written(page: Page): Promise<void> {
    await page.getByRole('status').filter({ hasText: 'The texts have ended.' }).waitFor({ state: 'attached' });
    await expect.poll(() => page.locator('[aria-busy=true]').count()).toBe(0);
  }

  /** Types a prompt and runs it by keyboard. */
  async function write(page: Page, prompt: string): Promise<void> {
    await page.getByLabel('Prompt').fill(prompt);
    await page.keyboard.press('Control+Enter');
  }

  test('writes with both models from one prompt and seed as it is opened, and again with the same outcome', async () => {
    const server = await serve();
    const page = await open(server);
    await written(page);
    const [untrained, trained] = [await textOf(page, 'Untrained'), await textOf(page, 'Trained')];
    expect(trained).toMatch(STORY);
    expect(untrained).not.toMatch(STORY);
    const [first, second] = server.requests;
    expect([first?.model, second?.model]).toEqual(['untrained', 'stories']);
    expect([first?.seed, first?.prompt]).toEqual([second?.seed, second?.prompt]);
    await write(page, 'Once upon a time');
    await expect.poll(() => server.requests.length).toBe(4);
    await written(page);
    expect([await textOf(page, 'Untrained'), await textOf(page, 'Trained')]).toEqual([untrained, trained]);
  });

  test('stops where it is told to, and keeps the text', async () => {
    const server = await serve();
    server.holdAfter = 6;
    const page = await open(server);
    for (const title of ['Untrained', 'Trained']) await expect.poll(() => tokens(page, title).count()).toBe(6);
    await page.getByRole('button', { name: 'Stop' }).press('Enter');
    const run = page.getByRole('button', { name: 'Run', exact: true });
    await run.waitFor();
    expect(await run.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
    await expect.poll(() => server.left).toBe(2);
    expect(await tokens(page, 'Trained').count()).toBe(6);
    expect(await pane(page, 'Trained').textContent()).toContain('stopped');
    await page.getByRole('button', { name: 'Clear' }).click();
    expect(await tokens(page, 'Trained').count()).toBe(0);
  });

  test('writes by itself once in a tab: not when it is loaded again, but for a link that is followed', async () => {
    const server = await serve();
    const page = await open(server);
    await written(page);
    expect(server.requests.length).toBe(2);
    await page.reload();
    await pane(page, 'Trained').getByText('Run writes a text here').waitFor();
    await write(page, 'Once upon a time');
    await written(page);
    expect(server.requests.length).toBe(4);
    await page.evaluate("location.hash = '#prompt=A&length=3'");
    await expect.poll(() => tokens(page, 'Trained').count()).toBe(3);
    await written(page);
    expect(server.requests.length).toBe(6);
  });

  test('writes nothing by itself before it is seen', async () => {
    const server = await serve();
    const page = await open(server, '', {}, HIDDEN);
    await pane(page, 'Trained').getByText('Run writes a text here').waitFor();
    expect(server.requests).toEqual([]);
    await page.evaluate('show()');
    await written(page);
    expect(server.requests.length).toBe(2);
  });

  test('a token shows the alternatives of both models, and goes on from another', async () => {
    const server = await serve();
    const page = await open(server);
    await written(page);
    await tokens(page, 'Trained').nth(10).click();
    const card = page.getByRole('dialog');
    // five of each model; the likeliest of the untrained one are others
    await expect.poll(() => card.locator('tbody tr').count()).toBeGreaterThan(5);
    expect(await card.textContent()).toMatch(/The top 5 cover \d+ % \(Trained\) and 0\.01 % \(Untrained\)/);
    const before = await tokens(page, 'Trained').allTextContents();
    const choice = card.getByRole('button', { name: '␣' }).first();
    const chosen = (await choice.textContent())?.replace('␣', ' ');
    await choice.click();
    await written(page);
    const after = await tokens(page, 'Trained').allTextContents();
    expect(after.slice(0, 10)).toEqual(before.slice(0, 10));
    expect(after[10]).toBe(chosen);
    expect(after.length).toBe(11 + 80);
    const request = server.requests.at(-1);
    expect([request?.model, request?.prompt.length]).toEqual(['stories', 4 + 11]);
  });

  test('is used by keyboard: tokens, their card, the way back', async () => {
    const page = await open(await serve());
    await written(page);
    await tokens(page, 'Trained').first().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    const card = page.getByRole('dialog');
    await card.waitFor();
    await expect.poll(() => card.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
    await page.keyboard.press('Escape');
    await expect.poll(() => card.count()).toBe(0);
    const last = tokens(page, 'Trained').last();
    expect(await last.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
    expect(await page.locator('.tokens [tabindex="0"]').count()).toBe(2);
  });

  test('colours by the difference once both models have read both texts', async () => {
    const page = await open(await serve());
    await written(page);
    await page.getByRole('radio', { name: 'Difference' }).check();
    const levels = (title: string) =>
      tokens(page, title).evaluateAll((all) => [
        ...new Set(all.map((one) => Number(one.querySelector('mark')?.dataset.level))),
      ]);
    await expect.poll(() => levels('Trained')).toEqual([3]);
    const areAllBelow = async () => (await levels('Untrained')).every((level) => level < 0);
    await expect.poll(areAllBelow).toBe(true);
  });

  test('a link restores prompt, settings, checkpoint, colours and view', async () => {
    const server = await serve();
    const page = await open(server, '#prompt=A+%26+B&seed=7&length=12&step=10&colour=rank');
    await written(page);
    expect(server.requests.map(({ model, seed, max_tokens, prompt }) => [model, seed, max_tokens, prompt])).toEqual([
      ['untrained', 7, 12, 'A & B'],
      ['stories@10', 7, 12, 'A & B'],
    ]);
    expect(await page.getByRole('radio', { name: 'Rank' }).isChecked()).toBe(true);
    await page.getByRole('button', { name: 'Read with me' }).click();
    await page.getByRole('button', { name: 'Melville, Moby-Dick' }).click();
    await expect.poll(() => page.url()).toMatch(/view=read.*text=Call\+me\+Ishmael/);
    const again = await open(server, new URL(page.url()).hash);
    await expect.poll(() => textOf(again, 'Trained')).toContain('Call me Ishmael');
  });

  test('another checkpoint writes with the same prompt and seed, the other pane stays', async () => {
    const server = await serve();
    const page = await open(server);
    await written(page);
    const untrained = await textOf(page, 'Untrained');
    await page.getByRole('slider', { name: 'Checkpoint' }).focus();
    await page.keyboard.press('Home');
    await expect.poll(() => server.requests.at(-1)?.model).toBe('stories@0');
    await written(page);
    expect(await textOf(page, 'Trained')).toBe(untrained);
    expect(await pane(page, 'Trained').textContent()).toContain('before the first step');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => server.requests.at(-1)?.model).toBe('stories@10');
    expect(server.requests.length).toBe(4);
  });

  test('both models read a text, and its figures stand beside those of guessing', async () => {
    const page = await open(await serve(), '#view=read');
    await page.getByLabel('Text to read').fill('the sea is far');
    await page.getByRole('button', { name: 'Read', exact: true }).click();
    await expect.poll(() => textOf(page, 'Untrained')).toBe('the sea is far');
    await expect.poll(() => pane(page, 'Untrained').textContent()).toMatch(/loss10\.8\d+guessing 10\.825/);
    await tokens(page, 'Trained').nth(2).click();
    await expect.poll(() => page.getByRole('dialog').locator('tbody tr').count()).toBeGreaterThan(5);
    expect(await page.getByRole('dialog').getByRole('button').count()).toBe(1);
  });

  test('in the blind test names and colours appear with the guess, and the score counts', async () => {
    const page = await open(await serve({ steps: [] }), '#view=guess');
    await expect.poll(() => page.locator('[aria-busy=true]').count()).toBe(0);
    await expect.poll(() => tokens(page, 'A').count()).toBe(80);
    expect(await page.locator('main > div:not([hidden]) [data-level]').count()).toBe(0);
    const isTrained = STORY.test(await textOf(page, 'A'));
    await page.getByRole('button', { name: isTrained ? 'A is' : 'B is' }).click();
    await page.getByText('1 of 1 right').waitFor();
    await pane(page, isTrained ? 'A: Trained' : 'A: Untrained').waitFor();
    await page.getByRole('button', { name: 'Another round' }).click();
    await pane(page, 'A').waitFor();
  });

  test('says what is wrong in place: while models load, when the server is full, when a stream is cut', async () => {
    const server = await serve();
    server.loading = 2;
    server.refusals.push({ status: 503, message: 'the server is full; try again', retryAfter: 1 });
    const page = await open(server);
    await page.getByText('stories: reading weights').waitFor();
    await page.getByText('the server is full; try again').waitFor();
    // by itself
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
    await written(page);
    expect(await tokens(page, 'Untrained').count()).toBe(80);
    server.cutAfter = 5;
    await write(page, 'Once upon a time');
    await expect.poll(() => pane(page, 'Trained').textContent()).toContain('connection lost, run again');
    expect(await tokens(page, 'Trained').count()).toBe(5);
    server.cutAfter = Number.POSITIVE_INFINITY;
    await pane(page, 'Trained').getByRole('button', { name: 'Run again' }).click();
    await expect.poll(() => tokens(page, 'Trained').count()).toBe(80);
  });

  test('asks for the API key that the server wants', async () => {
    const page = await open(await serve({ apiKey: 'secret' }));
    await page
      .getByLabel(/wants an API key/)
      .first()
      .fill('secret');
    await page.keyboard.press('Enter');
    for (const title of ['Untrained', 'Trained']) await expect.poll(() => tokens(page, title).count()).toBe(80);
    expect(await page.getByLabel(/wants an API key/).count()).toBe(0);
  });

  test('a model without another beside it has one pane, and no view that needs two', async () => {
    const page = await open(await serve({ compared: null, steps: [] }));
    await expect.poll(() => tokens(page, 'stories').count()).toBe(80);
    expect(await page.getByRole('button', { name: 'Which one' }).count()).toBe(0);
    expect(await page.getByRole('radio', { name: 'Difference' }).count()).toBe(0);
    expect(await page.getByRole('slider', { name: 'Checkpoint' }).count()).toBe(0);
    await tokens(page, 'stories').first().click();
    await expect.poll(() => page.getByRole('dialog').locator('tbody tr').count()).toBe(5);
  });

  test('what it copies as curl is a request that the server answers', async () => {
    const server = await serve();
    const page = await open(server, `#prompt=${encodeURIComponent('it\'s a "test"')}&length=3`);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await written(page);
    await page.getByText('Copy as').click();
    await page.getByRole('button', { name: 'curl' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const command = await page.evaluate<string>('navigator.clipboard.readText()');
    const count = server.requests.length;
    await promisify(execFile)('sh', ['-c', command]);
    expect(server.requests[count]).toMatchObject({ model: 'stories', prompt: 'it\'s a "test"', max_tokens: 3 });
  });

  const VIEWS = ['Write', 'Read with me', 'Which one is trained?'];

  test.each([
    [375, 'light'],
    [375, 'dark'],
    [768, 'light'],
    [1440, 'dark'],
  ] as const)('fits a window of %d pixels and is accessible, %s', async (width, colorScheme) => {
    const page = await open(await serve(), '', { viewport: { width, height: 812 }, colorScheme });
    await written(page);
    await page.getByRole('button', { name: 'Settings' }).click();
    for (const view of VIEWS) {
      await page.getByRole('button', { name: view, exact: true }).click();
      await expect.poll(() => page.locator('main > div:not([hidden]) .token').count()).toBeGreaterThan(60);
      await expect.poll(() => page.locator('[aria-busy=true]').count()).toBe(0);
      if (view === 'Write') {
        await tokens(page, 'Trained').nth(5).click();
        await expect.poll(() => page.getByRole('dialog').locator('tbody tr').count()).toBeGreaterThan(5);
      }
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      await page.evaluate(axe);
      const found = await page.evaluate<readonly string[]>(
        `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => [id, target, failureSummary].join(': '))))`,
      );
      expect(found, view).toEqual([]);
      await page.keyboard.press('Escape');
    }
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(background).toBe(colorScheme === 'dark' ? 'rgb(14, 19, 24)' : 'rgb(246, 247, 249)');
  });
});
