/**
 * @file The page that trains, until its model tells stories: the loss that is promised, the memory on the way, the file. It takes
 * minutes of every core, so it is asked for: MINILLM_TEST_LONG=1.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { TAB_MODEL, TAB_SETTINGS } from '#minillm/app/tab/training/run-settings.js';
import { openGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { checkWithTransformers, hasTransformers } from '../support/transformers.ts';
import { unpack } from '../support/unpack.ts';
import { launchBrowser, missingBrowser, openPage } from './browser.ts';
import { serveBuiltPages } from './static-site.ts';
import { type Progress, progress } from './training-figures.ts';

const isLong = process.env.MINILLM_TEST_LONG === '1';

const WANTED_LOSS = 1.2;
/** On a machine that does other things too. */
const HOUR_MILLISECONDS = 3_600_000;
const LOOK_MILLISECONDS = 2000;

/** Until then memory is taken that is kept: the device's, the first checkpoint's, charts. */
const SETTLED_STEP = 100;
/** Of the memory, between the first and the last third of what follows: garbage comes and goes. */
const MAX_GROWTH = 1.05;

interface Look extends Progress {
  /** Resident, of the processes that run pages. */
  readonly bytes: number;
}

/** @throws Error where the system has no `ps` */
async function pageBytes(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const pages = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  const kilobytes = execFileSync('ps', ['-o', 'rss=', '-p', pages.join(',')], { encoding: 'utf8' });
  return 1024 * kilobytes.split('\n').reduce((sum, line) => sum + Number(line), 0);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

test.skipIf(!isLong || missingBrowser !== undefined)(
  `a training in a tab comes to a validation loss below ${WANTED_LOSS} in memory that does not grow, and gives the model as a file`,
  async () => {
    const [browser, site] = await Promise.all([launchBrowser(), serveBuiltPages({ isIsolated: true })]);
    onTestFinished(async () => {
      await browser.close();
      site.close();
    });
    const page = await openPage(browser);
    await page.goto(`${site.url}train.html`);
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    await button('Train').click();
    const looks: Look[] = [];
    const isOver = async (): Promise<boolean> => {
      const look = { ...(await progress(page)), bytes: await pageBytes(browser) };
      if (look.step > (looks.at(-1)?.step ?? 0)) looks.push(look);
      const failed = (await page.getByRole('alert').count()) > 0;
      return failed || look.validationLoss < WANTED_LOSS || look.step >= TAB_SETTINGS.steps;
    };
    await expect.poll(isOver, { timeout: HOUR_MILLISECONDS, interval: LOOK_MILLISECONDS }).toBe(true);
    expect(await page.getByRole('alert').allTextContents()).toEqual([]);
    expect(looks.at(-1)?.validationLoss).toBeLessThan(WANTED_LOSS);

    const settled = looks.filter(({ step }) => step >= SETTLED_STEP).map(({ bytes }) => bytes);
    const third = Math.floor(settled.length / 3);
    expect(third).toBeGreaterThan(2);
    const [early, late] = [median(settled.slice(0, third)), median(settled.slice(-third))];
    expect(late / early).toBeLessThan(MAX_GROWTH);

    // whoever has trained to the last step has nothing to stop
    if (await button('Stop').count()) await button('Stop').click();
    await page.getByRole('button', { name: 'Start again' }).waitFor();
    const download = page.waitForEvent('download');
    await button('Download the model').click();
    const folder = unpack(readFileSync((await (await download).path()) ?? ''));
    const model = await openGpt2Folder(folder);
    expect(model.config).toEqual(TAB_MODEL);
    await model.close();
    if (hasTransformers) await checkWithTransformers(folder, 'Once upon a time there was a little fox.');
    const { step, validationLoss } = await progress(page);
    console.log(
      `${hasTransformers ? 'transformers agrees' : 'no transformers here'}; step ${step}, validation loss ${validationLoss}; memory ${early / 1e6} MB, then ${late / 1e6} MB, at most ${Math.max(...looks.map(({ bytes }) => bytes)) / 1e6} MB`,
    );
  },
  2 * HOUR_MILLISECONDS,
);
