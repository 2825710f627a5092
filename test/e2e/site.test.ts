/** @file A static site in a browser: its models write there, without a server that knows them. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { smallRun } from '../app/server/models/small-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { launchBrowser, missingBrowser, openPage } from './browser.ts';
import { serveFolder } from './static-site.ts';

const MINILLM = fileURLToPath(new URL('../../bin/minillm.js', import.meta.url));
const TOKENS = 6;
/** Of the small run. */
const CONTEXT_LENGTH = 32;

test.skipIf(missingBrowser !== undefined)(
  'a static site answers a prompt in both panes and from checkpoints, asks no other host, and its console stays empty',
  async () => {
    const around = temporaryFolder();
    const [run, folder] = [join(around, 'tales'), join(around, 'site')];
    await smallRun(run, [4, 8]);
    execFileSync(process.execPath, [MINILLM, 'site', folder, '--checkpoint', run, '--weights', 'int8']);
    const site = await serveFolder(folder, { isIsolated: true });
    const browser = await launchBrowser();
    onTestFinished(async () => {
      await browser.close();
      site.close();
    });
    const page = await openPage(browser);
    const wrong: string[] = [];
    page.on('pageerror', ({ message }) => wrong.push(message));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) wrong.push(message.text());
    });
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(site.url)) wrong.push(request.url());
    });
    await page.goto(`${site.url}#prompt=Once&length=${TOKENS}&seed=3`);
    /** Empty until it is complete. */
    const textOf = async (name: string): Promise<string> => {
      const pane = page.locator('main > div:not([hidden])').getByRole('region', { name, exact: true });
      const tokens = await pane.locator('.token').allTextContents();
      return tokens.length === TOKENS ? tokens.join('') : '';
    };
    for (const name of ['Trained', 'Untrained']) await expect.poll(() => textOf(name)).not.toBe('');
    const [trained, untrained] = [await textOf('Trained'), await textOf('Untrained')];
    expect(trained).not.toBe(untrained);
    await page.getByRole('slider', { name: 'Checkpoint' }).press('Home');
    // initial weights, made in the tab
    await expect.poll(() => textOf('Trained')).toBe(untrained);
    const weights = page.waitForRequest('**/models/tales/step-00000004/model.safetensors');
    await page.getByRole('slider', { name: 'Checkpoint' }).press('ArrowRight');
    await weights;
    await expect.poll(() => textOf('Trained')).not.toBeOneOf(['', trained, untrained]);
    expect(await page.getByText(/The models run in this tab, on WebAssembly/).count()).toBe(1);
    expect(await page.getByRole('link', { name: 'Train' }).count()).toBe(1);
    // as long as the context, less the new token
    const write = async (tokens: number): Promise<void> => {
      await page.goto(`${site.url}#prompt=${Array(tokens).fill('a').join('+')}&length=1`);
    };
    const [pane] = await page.locator('main > div:not([hidden])').getByRole('region', { name: 'Trained' }).all();
    await write(CONTEXT_LENGTH);
    await pane?.getByText(/maximum context length is 32 tokens; the request has 32 in the prompt and 1/).waitFor();
    await write(CONTEXT_LENGTH - 1);
    await expect.poll(() => pane?.locator('.token').count()).toBe(1);
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(wrong).toEqual([]);
  },
);
