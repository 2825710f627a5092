/**
 * @file The page that trains, until its model tells stories: the loss that is promised, the file; and the memory of many steps. It
 * takes minutes of every core, so it is asked for: MINILLM_TEST_LONG=1.
 */

import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { TAB_MODEL, TAB_SETTINGS } from '#minillm/app/tab/training/run-settings.js';
import { openGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { checkWithTransformers, hasTransformers } from '../support/transformers.ts';
import { unpack } from '../support/unpack.ts';
import { launchBrowser, missingBrowser, openPage } from './browser.ts';
import { BUILT_PAGES, serveFolder } from './static-site.ts';
import { type Progress, progress } from './training-figures.ts';

const isLong = process.env.MINILLM_TEST_LONG === '1';

const WANTED_LOSS = 1.2;
const MANY_STEPS = 1000;
/** On a machine that does other things too. */
const HOUR_MILLISECONDS = 3_600_000;
const LOOK_MILLISECONDS = 2000;

/** Until then memory is taken that is kept: the device's, the first checkpoint's, charts. */
const SETTLED_STEP = 100;
/** Of the memory, between the first and the last tenth of what follows: the history of the run grows, workers' garbage comes and goes. */
const MAX_GROWTH = 1.05;

interface Look extends Progress {
  /** Resident, of the processes that run pages. */
  readonly bytes: number;
}

/** Without the page's garbage, as a longer curve leaves more of it with each drawing. @throws Error where the system has no `ps` */
async function pageBytes(browser: Browser, page: Page): Promise<number> {
  await page.requestGC();
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const pages = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  const kilobytes = execFileSync('ps', ['-o', 'rss=', '-p', pages.join(',')], { encoding: 'utf8' });
  return 1024 * kilobytes.split('\n').reduce((sum, line) => sum + Number(line), 0);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });

/** The page of a folder, in a browser of its own. */
async function openTrainer(folder: string): Promise<{ browser: Browser; page: Page }> {
  const [browser, site] = await Promise.all([launchBrowser(), serveFolder(folder, { isIsolated: true })]);
  onTestFinished(async () => {
    await browser.close();
    site.close();
  });
  const page = await openPage(browser);
  await page.goto(`${site.url}train.html`);
  return { browser, page };
}

/** Trains until something holds of the last look, without a fault; all looks, one for each step that was seen. */
async function trainUntil(browser: Browser, page: Page, holds: (look: Look) => boolean): Promise<Look[]> {
  await button(page, 'Train').click();
  const looks: Look[] = [];
  const isOver = async (): Promise<boolean> => {
    const look = { ...(await progress(page)), bytes: await pageBytes(browser, page) };
    if (look.step > (looks.at(-1)?.step ?? 0)) looks.push(look);
    const failed = (await page.getByRole('alert').count()) > 0;
    return failed || holds(look);
  };
  await expect.poll(isOver, { timeout: HOUR_MILLISECONDS, interval: LOOK_MILLISECONDS }).toBe(true);
  expect(await page.getByRole('alert').allTextContents()).toEqual([]);
  return looks;
}

/** The built pages with another number of steps. */
function pagesThatTrain(steps: number): string {
  const folder = temporaryFolder();
  cpSync(BUILT_PAGES, folder, { recursive: true });
  const assets = join(folder, 'assets');
  const setting = `steps:${TAB_SETTINGS.steps},`;
  const scripts = readdirSync(assets)
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(assets, name))
    .filter((path) => readFileSync(path, 'utf8').includes(setting));
  expect(scripts).toHaveLength(1);
  for (const path of scripts) writeFileSync(path, readFileSync(path, 'utf8').replace(setting, `steps:${steps},`));
  return folder;
}

test.skipIf(!isLong || missingBrowser !== undefined)(
  `a training in a tab comes to a validation loss below ${WANTED_LOSS}, and gives the model as a file`,
  async () => {
    const { browser, page } = await openTrainer(BUILT_PAGES);
    const looks = await trainUntil(
      browser,
      page,
      ({ step, validationLoss }) => validationLoss < WANTED_LOSS || step >= TAB_SETTINGS.steps,
    );
    expect(looks.at(-1)?.validationLoss).toBeLessThan(WANTED_LOSS);

    // whoever has trained to the last step has nothing to stop
    if (await button(page, 'Stop').count()) await button(page, 'Stop').click();
    await page.getByRole('button', { name: 'Start again' }).waitFor();
    const download = page.waitForEvent('download');
    await button(page, 'Download the model').click();
    const folder = unpack(readFileSync((await (await download).path()) ?? ''));
    const model = await openGpt2Folder(folder);
    expect(model.config).toEqual(TAB_MODEL);
    await model.close();
    if (hasTransformers) await checkWithTransformers(folder, 'Once upon a time there was a little fox.');
    const { step, validationLoss } = await progress(page);
    console.log(
      `${hasTransformers ? 'transformers agrees' : 'no transformers here'}; step ${step}, validation loss ${validationLoss}`,
    );
  },
  2 * HOUR_MILLISECONDS,
);

test.skipIf(!isLong || missingBrowser !== undefined)(
  `a training in a tab keeps no more memory at its end than near its beginning, ${MANY_STEPS} steps before`,
  async () => {
    const { browser, page } = await openTrainer(pagesThatTrain(MANY_STEPS));
    const looks = await trainUntil(browser, page, ({ step }) => step >= MANY_STEPS);

    const settled = looks.filter(({ step }) => step >= SETTLED_STEP);
    const part = Math.floor(settled.length / 10);
    expect(part).toBeGreaterThan(2);
    const of = (some: readonly Look[]): number => median(some.map(({ bytes }) => bytes));
    const [early, late] = [of(settled.slice(0, part)), of(settled.slice(-part))];
    expect(late / early).toBeLessThan(MAX_GROWTH);
    const most = Math.max(...looks.map(({ bytes }) => bytes));
    const megabytes = [early, late, most].map((bytes) => (bytes / 1e6).toFixed(0));
    console.log(`memory in MB: ${megabytes[0]} early, ${megabytes[1]} at the end, at most ${megabytes[2]}`);
  },
  2 * HOUR_MILLISECONDS,
);
