/** @file A browser for tests: Chromium where it is installed. */

import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

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
