/** @file A static site in a browser: its models write there, without a server that knows them. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { launchBrowser, missingBrowser } from './browser.ts';
import { serveFolder } from './static-site.ts';

const MINILLM = fileURLToPath(new URL('../../bin/minillm.js', import.meta.url));
const TOKENS = 6;

test.skipIf(missingBrowser !== undefined)(
  'a static site answers a prompt in both panes, asks no other host, and its console stays empty',
  async () => {
    const folder = join(temporaryFolder(), 'site');
    const flags = ['--checkpoint', 'untrained:tiny', '--compare', 'untrained', '--weights', 'int8'];
    execFileSync(process.execPath, [MINILLM, 'site', folder, ...flags]);
    const site = await serveFolder(folder, { isIsolated: true });
    const browser = await launchBrowser();
    onTestFinished(async () => {
      await browser.close();
      site.close();
    });
    const page = await browser.newPage();
    const wrong: string[] = [];
    page.on('pageerror', ({ message }) => wrong.push(message));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) wrong.push(message.text());
    });
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(site.url)) wrong.push(request.url());
    });
    await page.goto(`${site.url}#prompt=Once&length=${TOKENS}&seed=3`);
    await expect.poll(() => page.getByText(`${TOKENS} tokens`).count()).toBe(2);
    expect(await page.getByText(/The models run in this tab, on WebAssembly/).count()).toBe(1);
    expect(await page.getByRole('link', { name: 'Train' }).count()).toBe(1);
    expect(wrong).toEqual([]);
  },
);
