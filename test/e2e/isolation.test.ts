/** @file isolation.js of a site in a browser, on a host that sets no headers of its own. */

import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchBrowser, missingBrowser, openPage } from './browser.ts';

const SCRIPT = readFileSync(fileURLToPath(import.meta.resolve('#minillm/app/web/isolation.js')));
const PAGE = '<!doctype html><head><script src="isolation.js"></script><link rel="icon" href="data:,"></head>';

/** By path, with their type. Each can share memory if it is isolated. */
const FILES: Readonly<Record<string, readonly [type: string, content: string | Buffer]>> = {
  '/site/': ['text/html', PAGE],
  '/site/isolation.js': ['text/javascript', SCRIPT],
  '/site/worker.js': ['text/javascript', 'postMessage([crossOriginIsolated, typeof SharedArrayBuffer])'],
  '/site/weights': ['application/octet-stream', 'weights'],
};

describe.skipIf(missingBrowser !== undefined)(`isolation.js${missingBrowser ? ` (${missingBrowser})` : ''}`, () => {
  let browser: Browser;
  let server: Server;
  let page: Page;
  let origin = '';
  const asked: string[] = [];

  beforeAll(async () => {
    server = createServer(({ url = '' }, response) => {
      asked.push(url);
      const [type, content] = FILES[url] ?? ['text/plain', ''];
      response.writeHead(url in FILES ? 200 : 404, { 'content-type': type }).end(content);
    });
    await new Promise<void>((listening) => server.listen(0, listening));
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    browser = await launchBrowser();
  });

  beforeEach(async () => {
    asked.length = 0;
    page = await openPage(browser);
  });

  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
  });

  const documents = (): number => asked.filter((path) => path === '/site/').length;

  test('a page is loaded once more and then shares memory, as do its workers', async () => {
    await page.goto(`${origin}/site/`);
    await page.waitForFunction('crossOriginIsolated');
    expect(documents()).toBe(2);
    const inWorker = await page.evaluate(
      "new Promise((resolve) => { new Worker('worker.js').onmessage = ({ data }) => resolve(data) })",
    );
    expect(inWorker).toEqual([true, 'function']);
    expect(await page.evaluate("fetch('weights').then((answer) => answer.text())")).toBe('weights');
    // the next time it is there at once
    await page.reload();
    expect([await page.evaluate('crossOriginIsolated'), documents()]).toEqual([true, 3]);
  });

  test('where it does not help, it loads the page once more and no more', async () => {
    await page.addInitScript("Object.defineProperty(globalThis, 'crossOriginIsolated', { value: false })");
    await page.goto(`${origin}/site/`);
    // of the page as it was loaded again, whose script has run by then
    await page.waitForFunction("document.readyState === 'complete' && navigator.serviceWorker.controller");
    expect(await page.evaluate("fetch('weights').then((answer) => answer.text())")).toBe('weights');
    expect(documents()).toBe(2);
  });

  test('a page that its host isolates is left alone', async () => {
    await page.route('**/site/', async (route) => {
      const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
      const answer = await route.fetch();
      await route.fulfill({ response: answer, headers: { ...answer.headers(), ...headers } });
    });
    await page.goto(`${origin}/site/`);
    expect(await page.evaluate('crossOriginIsolated')).toBe(true);
    expect(await page.evaluate('navigator.serviceWorker.getRegistrations().then(({ length }) => length)')).toBe(0);
    expect(documents()).toBe(1);
  });
});
