/** @file The dashboard in a browser, while a run trains, is killed and goes on. */

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Metrics, MetricsLog, readMetrics } from '#minillm/runs/metrics.js';
import { fixtureTraining } from '../cli/fixture-run.ts';
import { trained } from '../runs/trained.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { launchBrowser, missingBrowser, openPage } from './browser.ts';
import { serving } from './serving.ts';

/** The run folder of a finished run that was evaluated and sampled every ten steps. */
async function finishedRun(steps: number): Promise<string> {
  const out = temporaryFolder();
  const log = await MetricsLog.open(out, 0);
  const looks = (step: number): Metrics[] => {
    const share = 0.25 + step / 1000;
    const hellaswag = { accuracy: share, accuracyNorm: share, correct: 25, correctNorm: 25, total: 100 };
    const samples = [1, 2, 3, 4].map((text): Metrics => ({ kind: 'sample', step, text: `sample ${text} at ${step}` }));
    return [{ kind: 'eval', step, validationLoss: 5 - step / 100, hellaswag }, ...samples];
  };
  for (let step = 0; step <= steps; step++) {
    if (step % 10 === 0) for (const line of looks(step)) log.append(line);
    if (step < steps) log.append({ ...trained(step), loss: 5 - step / 100 });
  }
  log.close();
  return out;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

/** The steps in a run's metrics. */
const trainedSteps = async (out: string): Promise<number[]> =>
  (await readMetrics(out)).filter(({ kind }) => kind === 'train').map(({ step }) => step);

/** The step that the page shows. */
const shownStep = async (page: Page): Promise<number> =>
  Number((await page.locator('.progress b').textContent())?.replaceAll(',', ''));

/** Waits until the page shows so many steps or more. */
async function untilStep(page: Page, step: number): Promise<void> {
  await expect.poll(() => shownStep(page), { interval: 100 }).toBeGreaterThanOrEqual(step);
}

/** Waits until the page has drawn a chart: charts appear one after another, each once its width is known. */
const untilDrawn = (page: Page, chart: string): Promise<void> =>
  page.locator('figure', { hasText: chart }).locator('canvas').waitFor();

describe.skipIf(missingBrowser !== undefined)(`in Chromium${missingBrowser ? ` (${missingBrowser})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  /** A page and the complaints of its console, those of a server that is gone apart. */
  async function open(url: string, width = 1280): Promise<{ readonly page: Page; readonly complaints: string[] }> {
    const page = await openPage(browser, { viewport: { width, height: 800 } });
    onTestFinished(() => page.close());
    const complaints: string[] = [];
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('ERR_')) complaints.push(message.text());
    });
    await page.goto(url);
    return { page, complaints };
  }

  test('charts grow while a run trains, survive its end by force and show its resumed steps once', async () => {
    const out = join(temporaryFolder(), 'run');
    const looks = ['--eval-every', '40', '--checkpoint-every', '50'];
    const command = [...(await fixtureTraining(out, 1_000_000)), ...looks];
    const first = await serving(...command, '--dashboard', '0');
    const { page, complaints } = await open(first.url);
    await untilStep(page, 60);
    for (const chart of ['Loss', 'Tokens per second', 'Model FLOPs utilisation', 'Gradient norm', 'Learning rate'])
      await untilDrawn(page, chart);
    await expect.poll(() => page.locator('.connection').textContent()).toBe('live');
    await expect.poll(() => page.locator('.facts').textContent()).toMatch(/model.*parameters, fp32.*device.*batch/);

    await kill(first.child);
    await expect.poll(() => page.locator('.connection').textContent()).toMatch(/^disconnected/);
    // the page may not have been told of the last of them
    const before = (await trainedSteps(out)).length;
    const second = await serving(...command, '--dashboard', new URL(first.url).port);
    await expect.poll(() => page.locator('.connection').textContent()).toMatch(/^(reconnected|live)$/);
    await untilStep(page, before + 20);
    await kill(second.child);
    await expect.poll(() => page.locator('.connection').textContent()).toMatch(/^disconnected/);
    const trained = await trainedSteps(out);
    expect(trained).toEqual([...trained.keys()]);
    expect(trained.length).toBeGreaterThanOrEqual(await shownStep(page));
    expect(complaints).toEqual([]);
  });

  test('a finished run is shown at phone width, by keyboard too, and its axis and zoom change', async () => {
    const { url } = await serving('dashboard', await finishedRun(100), '--port', '0');
    const { page, complaints } = await open(url, 375);
    for (const chart of ['Loss', 'HellaSwag']) await untilDrawn(page, chart);
    await expect.poll(() => page.locator('.connection').textContent()).toBe('stopped');
    await expect
      .poll(() => page.locator('.samples li').allTextContents())
      .toEqual([1, 2, 3, 4].map((text) => `sample ${text} at 100`));
    await page.locator('.samples input').focus();
    await page.keyboard.press('Home');
    await expect.poll(() => page.locator('.samples li').first().textContent()).toBe('sample 1 at 0');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(375);
    const drawn = async () => (await page.locator('.plot').first().screenshot()).toString('base64');
    const linear = await drawn();
    await page.getByRole('radio', { name: 'Log' }).focus();
    await page.keyboard.press('Space');
    await expect.poll(drawn).not.toBe(linear);
    const plot = page.locator('.plot').first();
    await plot.focus();
    await page.keyboard.press('Home');
    await expect.poll(() => page.locator('figure .at').first().textContent()).toMatch(/^step 0 · /);
    await plot.scrollIntoViewIfNeeded();
    const box = await plot.boundingBox();
    if (!box) throw new Error('the chart has no place');
    await page.mouse.move(box.x + 120, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + 220, box.y + 100, { steps: 4 });
    await page.mouse.up();
    const whole = page.getByRole('button', { name: /^Steps \d+ to \d+: show all$/ });
    await whole.waitFor();
    const selections = await page
      .locator('.u-select')
      .evaluateAll((elements) => elements.map((one) => one.clientWidth));
    expect(selections).toEqual(selections.map(() => 0));
    await whole.click();
    await expect.poll(() => whole.count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});
