/** @file The app's page in a browser, against `minillm serve` with a run of its own. */

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { smallRun } from '../app/server/models/small-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { launchBrowser, missingBrowser, openPage } from './browser.ts';
import { serving } from './serving.ts';

/** Serves a run until the test ends. */
async function serve(...flags: string[]): Promise<string> {
  const folder = temporaryFolder();
  await smallRun(folder, [4, 8]);
  const served = ['--checkpoint', folder, '--model-name', 'small', '--port', '0', '--threads', '1'];
  return (await serving('serve', ...served, ...flags)).url;
}

describe.skipIf(missingBrowser !== undefined)(`the app${missingBrowser ? ` (${missingBrowser})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  test('writes, tells of tokens, goes on from another, moves through checkpoints, reads and asks for its key', async () => {
    const url = await serve('--api-key', 'secret');
    const page = await openPage(browser);
    onTestFinished(() => page.close());
    const complaints: string[] = [];
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('status of 401')) complaints.push(message.text());
    });
    const pane = (name: string) =>
      page.locator('main > div:not([hidden])').getByRole('region', { name, exact: true }).locator('.token');
    const textOf = async (name: string): Promise<string> => (await pane(name).allTextContents()).join('');

    await page.goto(`${url}#prompt=Once+upon+a+time&length=12&seed=3&text=The+fox`);
    await page.getByLabel(/wants an API key/).fill('secret');
    await page.keyboard.press('Enter');
    for (const name of ['Untrained', 'Trained']) await expect.poll(() => pane(name).count()).toBe(12);
    const trained = await textOf('Trained');
    expect(trained).not.toBe(await textOf('Untrained'));

    const first = (await pane('Trained').allTextContents()).slice(0, 2);
    await pane('Trained').nth(2).click();
    const card = page.getByRole('dialog');
    await expect.poll(() => card.textContent()).toMatch(/cover [\d.]+ % \(Trained\) and [\d.]+ % \(Untrained\)/);
    await card.locator('tbody button').first().click();
    await expect.poll(() => pane('Trained').count()).toBe(15);
    expect((await pane('Trained').allTextContents()).slice(0, 2)).toEqual(first);

    const slider = page.getByRole('slider', { name: 'Checkpoint' });
    await slider.focus();
    await page.keyboard.press('Home');
    // initial weights are those of the other pane
    await expect.poll(() => textOf('Trained')).toBe(await textOf('Untrained'));
    await page.keyboard.press('End');
    await expect.poll(() => textOf('Trained')).toBe(trained);

    await page.getByRole('radio', { name: 'Difference' }).check();
    await expect.poll(() => pane('Trained').locator('mark[data-level]').count()).toBe(12);
    await page.getByRole('button', { name: 'Read with me' }).click();
    await page.getByLabel('Text to read').fill('The sea is far');
    await page.getByRole('button', { name: 'Read', exact: true }).click();
    await expect.poll(() => textOf('Untrained')).toBe('The sea is far');
    await expect.poll(() => page.locator('.figures').first().textContent()).toMatch(/guessing 10\.825/);
    expect(complaints).toEqual([]);
  });
});
