/** @file The page of a run beside the playground, in a browser, against `minillm serve`. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { PRESETS } from '#minillm/model/presets.js';
import { PALETTES } from '#minillm/report/figure/palette.js';
import { listCheckpoints } from '#minillm/runs/checkpoints.js';
import { type Metrics, MetricsLog } from '#minillm/runs/metrics.js';
import { writeRunFacts } from '#minillm/runs/run-facts.js';
import { smallRun } from '../app/server/models/small-run.ts';
import { BIN } from '../cli/minillm.ts';
import { writeBin } from '../data/shard-files.ts';
import { trained } from '../runs/trained.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { launchBrowser, missingBrowser, openPage } from './browser.ts';
import { serving } from './serving.ts';

const UNITS = ['Steps', 'Tokens', 'Time'] as const;

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What a run of 1,000 tokens a step measures in steps `from` to `to`, half a second each, and looks every ten steps. */
async function measured(folder: string, from: number, to: number): Promise<void> {
  const log = await MetricsLog.open(folder, from);
  const looks = (step: number): Metrics[] => {
    const share = 0.25 + step / 1000;
    const hellaswag = { accuracy: share, accuracyNorm: share, correct: 25, correctNorm: 25, total: 100 };
    const samples = [1, 2, 3, 4].map((text): Metrics => ({ kind: 'sample', step, text: `sample ${text} at ${step}` }));
    return [{ kind: 'eval', step, validationLoss: 5 - step / 100, hellaswag }, ...samples];
  };
  for (let step = from; step < to; step++) {
    log.append({ ...trained(step), loss: 5 - step / 100 });
    if ((step + 1) % 10 === 0) for (const line of looks(step + 1)) log.append(line);
  }
  log.close();
}

/** A run folder with a checkpoint that takes milliseconds, and 100 measured steps. */
async function finishedRun(): Promise<string> {
  const folder = temporaryFolder();
  await smallRun(folder, [100]);
  const configuration = { preset: 'tiny', steps: 100, totalBatchSize: 1000, data: 'data/stories' };
  await writeRunFacts(folder, PRESETS.tiny, { configuration, versions: { minillm: '0.1.0', device: 'A Processor' } });
  await measured(folder, 0, 100);
  return folder;
}

const serveRun = (checkpoint: string, ...flags: string[]) =>
  serving('serve', '--checkpoint', checkpoint, '--port', '0', '--threads', '1', ...flags);

/** Trains a small model on numbers that stand for text until the test ends. */
async function training(out: string): Promise<ChildProcess> {
  const data = temporaryFolder();
  const tokens = Array.from({ length: 3000 }, (_, index) => (index * index) % 500);
  await writeBin(join(data, 'val_000000.bin'), tokens.slice(0, 500));
  await writeBin(join(data, 'train_000001.bin'), tokens.slice(500));
  const batch = ['--batch-size', '1', '--total-batch-size', '128'];
  const looks = ['--eval-every', '5', '--eval-tokens', '128', '--checkpoint-every', '5', '--sample-every', '0'];
  const run = ['train', '--data', data, '--out', out, '--preset', 'tiny', '--steps', '1000000', '--threads', '1'];
  const child = spawn(process.execPath, [BIN, ...run, ...batch, ...looks], { stdio: 'ignore' });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  });
  return child;
}

/** The step that the page shows. */
const shownStep = async (page: Page): Promise<number> =>
  Number((await page.locator('.progress b').textContent())?.replaceAll(',', ''));

const plot = (page: Page) => page.locator('figure', { hasText: 'Loss' }).first().locator('.plot');

/** What the page says of the last point of the loss. */
async function lastPlace(page: Page): Promise<string | null> {
  await plot(page).focus();
  await page.keyboard.press('End');
  return page.locator('figure .at').first().textContent();
}

/** Whether a unit of the axis is chosen. */
const isChosen = (page: Page, unit: string) => page.getByRole('radio', { name: unit }).isChecked();

describe.skipIf(missingBrowser !== undefined)(`the run's page${missingBrowser ? ` (${missingBrowser})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  /** A page that must not complain on its console, nor ask any other server; a missing key apart. */
  async function open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await openPage(browser, { viewport: { width: 1280, height: 900 }, ...options });
    const complaints: string[] = [];
    const elsewhere: string[] = [];
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      const isExpected = message.text().includes('status of 401');
      if (['error', 'warning'].includes(message.type()) && !isExpected) complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(new URL('/', url).href)) elsewhere.push(request.url());
    });
    onTestFinished(async () => {
      await page.close();
      expect([complaints, elsewhere]).toEqual([[], []]);
    });
    await page.goto(url);
    return page;
  }

  test('grows while a process trains; its axis, chosen by keyboard, and the way back keep what was shown', {
    timeout: 400_000,
  }, async () => {
    const out = join(temporaryFolder(), 'run');
    await training(out);
    await expect.poll(async () => (await listCheckpoints(out)).length).toBeGreaterThan(0);
    const { url } = await serveRun(out, '--api-key', 'secret', '--no-compare');

    const page = await open(`${url}#prompt=Once+upon+a+time&length=3`);
    await page.getByLabel(/wants an API key/).fill('secret');
    await page.keyboard.press('Enter');
    await page.getByLabel('Prompt').fill('The little fox');
    await page.getByRole('link', { name: 'Training' }).click();
    await page.waitForURL(`${url}run`);
    await expect.poll(() => page.locator('.connection').textContent()).toBe('live');
    for (const chart of ['Loss', 'Tokens per second'])
      await page.locator('figure', { hasText: chart }).first().locator('canvas').waitFor();
    const before = await shownStep(page);
    await expect.poll(() => shownStep(page)).toBeGreaterThan(before + 5);

    await page.getByRole('radio', { name: 'Steps' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.url()).toBe(`${url}run#x=time`);
    await page.reload();
    await expect.poll(() => isChosen(page, 'Time')).toBe(true);
    await page.getByText(/^Training time: .* without evaluations/).waitFor();
    await expect.poll(() => lastPlace(page)).toMatch(/^step [\d,]+ · [\d.]+ k tokens · [\d.]+ ?m?s?/);
    const after = await shownStep(page);
    await expect.poll(() => shownStep(page)).toBeGreaterThan(after);

    await page.getByRole('link', { name: 'Playground' }).click();
    await page.getByRole('button', { name: 'Write', exact: true }).waitFor();
    expect(await page.getByLabel('Prompt').inputValue()).toBe('The little fox');
    await expect.poll(() => page.locator('.pane.main .token').count()).toBeGreaterThan(0);
    await page.goBack();
    await expect.poll(() => isChosen(page, 'Time')).toBe(true);
  });

  test('asks for the key where it is opened first, and shows nothing before', async () => {
    const { url } = await serveRun(await finishedRun(), '--api-key', 'secret', '--no-compare');
    const page = await open(`${url}run`);
    await page.getByLabel(/wants an API key/).fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('locked').waitFor();
    expect(await page.locator('figure').count()).toBe(0);
    await page.getByLabel(/wants an API key/).fill('secret');
    await page.keyboard.press('Enter');
    await page.locator('canvas').first().waitFor();
    expect(await page.getByLabel(/wants an API key/).count()).toBe(0);
  });

  test('shows steps that were taken back no more, whatever its axis', async () => {
    const folder = await finishedRun();
    const { url } = await serveRun(folder, '--no-compare');
    const pages = [await open(`${url}run`), await open(`${url}run#x=tokens`), await open(`${url}run#x=time`)];
    for (const [index, page] of pages.entries()) {
      await page.locator('canvas').first().waitFor();
      expect(await isChosen(page, UNITS[index] ?? '')).toBe(true);
      // the last evaluation comes after the last step
      await expect.poll(() => lastPlace(page)).toBe('step 100 · 100 k tokens · 50.0 s');
    }
    await measured(folder, 50, 55);
    for (const page of pages) {
      await page.locator('.progress b', { hasText: /^55$/ }).waitFor();
      await expect.poll(() => lastPlace(page)).toBe('step 54 · 54 k tokens · 27.0 s');
      const last = page.locator('.samples li').first();
      await expect.poll(() => last.textContent()).toBe('sample 1 at 50');
    }
  });

  test('is zoomed by two fingers and by keyboard, and moved through by one', async () => {
    const { url } = await serveRun(await finishedRun(), '--no-compare');
    const viewport = { width: 375, height: 812 };
    const page = await open(`${url}run`, { viewport, hasTouch: true, isMobile: true });
    await page.locator('canvas').first().waitFor();
    await plot(page).scrollIntoViewIfNeeded();
    const box = await plot(page).locator('.u-over').boundingBox();
    if (!box) throw new Error('the chart has no place');
    const session = await page.context().newCDPSession(page);
    const y = box.y + 100;
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...shares: number[]) =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: shares.map((share, id) => ({ x: box.x + share * box.width, y, id })),
      });
    await touch('touchStart', 0.4);
    await touch('touchMove', 0.5);
    await touch('touchMove', 0.6);
    await expect.poll(() => page.locator('figure .at').first().textContent()).toMatch(/^step (59|60|61) /);
    await touch('touchEnd');
    await touch('touchStart', 0.4, 0.6);
    await touch('touchMove', 0.3, 0.7);
    await touch('touchMove', 0.2, 0.8);
    await touch('touchEnd');
    const whole = page.getByRole('button', { name: /^Steps 3\d to 6\d: show all$/ });
    await whole.tap();
    await expect.poll(() => whole.count()).toBe(0);

    await plot(page).focus();
    await page.keyboard.press('End');
    await page.keyboard.press('+');
    await page.getByRole('button', { name: 'Steps 50 to 100: show all' }).waitFor();
    await page.getByText('Tokens', { exact: true }).tap();
    await page.getByRole('button', { name: 'The whole run' }).waitFor();
    await plot(page).focus();
    await page.keyboard.press('+');
    await page.getByRole('button', { name: /^50 k to 100 k tokens: show all$/ }).waitFor();
    await page.keyboard.press('-');
    await page.getByRole('button', { name: 'The whole run' }).waitFor();
  });

  test.each([
    [375, 'light'],
    [375, 'dark'],
    [768, 'light'],
    [1440, 'dark'],
  ] as const)('fits a window of %d pixels and is accessible, %s', async (width, colorScheme) => {
    const { url } = await serveRun(await finishedRun(), '--no-compare');
    const page = await open(`${url}run`, { viewport: { width, height: 812 }, colorScheme });
    for (const chart of ['Loss', 'HellaSwag', 'Learning rate'])
      await page.locator('figure', { hasText: chart }).first().locator('canvas').waitFor();
    for (const unit of UNITS) {
      await page.getByText(unit, { exact: true }).click();
      expect(await isChosen(page, unit)).toBe(true);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      await page.evaluate(axe);
      const found = await page.evaluate<readonly string[]>(
        `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => [id, target, failureSummary].join(': '))))`,
      );
      expect(found, unit).toEqual([]);
    }
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(background).toBe(colorScheme === 'dark' ? 'rgb(14, 19, 24)' : 'rgb(246, 247, 249)');
    const colour = await page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--run-0')");
    expect(colour).toBe(PALETTES[colorScheme].runs[0]);
  });

  test('is there only for a model of a run', async () => {
    const { url } = await serveRun('untrained:tiny');
    const page = await open(`${url}#length=3`);
    await page.getByRole('button', { name: 'Write', exact: true }).waitFor();
    expect(await page.getByRole('link', { name: 'Training' }).count()).toBe(0);
    expect((await fetch(`${url}run`)).status).toBe(404);
    expect((await fetch(`${url}app/events`)).status).toBe(404);
  });
});
