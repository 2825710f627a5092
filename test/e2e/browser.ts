/** @file A browser for tests: Chromium where it is installed. */

import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const place = PLACES.find((path) => existsSync(path));

/** Why there is no browser, undefined where there is one. */
export const missingBrowser = place === undefined ? `no Chromium at ${PLACES.join(', ')}` : undefined;

/** Is this machine, but unlike its own names and addresses no secure context without HTTPS. */
export const INSECURE_HOST = 'insecure.test';

/** Nothing that draws on a screen, asks a network or needs a sandbox that containers lack. */
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`,
];

export async function launchBrowser(): Promise<Browser> {
  if (place === undefined) throw new Error(missingBrowser);
  return chromium.launch({ executablePath: place, args: FLAGS });
}

/** As long as a busy machine may take; what is waited for ends the wait. */
const PATIENCE_MILLISECONDS = 110_000;

export async function openContext(browser: Browser, options?: BrowserContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MILLISECONDS);
  return context;
}

/** A page in a context of its own, which is closed with it. */
export async function openPage(browser: Browser, options?: BrowserContextOptions): Promise<Page> {
  const page = await browser.newPage(options);
  page.context().setDefaultTimeout(PATIENCE_MILLISECONDS);
  return page;
}
