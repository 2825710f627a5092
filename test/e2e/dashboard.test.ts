/** @file The dashboard in a browser, while a run trains, is killed and goes on. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readMetrics } from '#minillm/runs/metrics.js';
import { BIN } from '../cli/minillm.ts';
import { TINY, tinyData } from '../cli/tiny-data.ts';
import { launchBrowser, missingBrowser } from './browser.ts';

const { folder, data } = tinyData();

/** Starts a command that serves a dashboard, and waits for its address. */
async function serving(...args: string[]): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) {
    child.stdout.resume();
    const [, url] = /^dashboard: (\S+)/.exec(line) ?? [];
    if (url !== undefined) return { child, url };
  }
  throw new Error(`minillm ${args.join(' ')} ended without a dashboard`);
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

/** The step that the page shows. */
const shownStep = async (page: Page): Promise<number> =>
  Number((await page.locator('.progress b').textContent())?.replaceAll(',', ''));

/** Waits until the page shows so many steps or more. */
async function untilStep(page: Page, step: number): Promise<void> {
  await expect.poll(() => shownStep(page), { timeout: 20_000, interval: 100 }).toBeGreaterThanOrEqual(step);
}

describe.skipIf(missingBrowser !== undefined)(`in Chromium${missingBrowser ? ` (${missingBrowser})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  /** A page and the complaints of its console, those of a server that is gone apart. */
  async function open(url: string, width = 1280): Promise<{ readonly page: Page; readonly complaints: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
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
    const out = join(folder, 'killed');
    const looks = ['--eval-every', '4', '--eval-tokens', '256', '--sample-every', '4', '--sample-tokens', '4'];
    const command = [
      'train',
      '--data',
      data,
      '--out',
      out,
      ...TINY,
      ...looks,
      '--steps',
      '1000',
      '--checkpoint-every',
      '5',
    ];
    const first = await serving(...command, '--dashboard', '0');
    const { page, complaints } = await open(first.url);
    await untilStep(page, 7);
    for (const chart of ['Loss', 'Tokens per second', 'Model FLOPs utilisation', 'Gradient norm', 'Learning rate'])
      expect([chart, await page.locator('figure', { hasText: chart }).locator('canvas').count()]).toEqual([chart, 1]);
    expect(await page.getByRole('status').textContent()).toBe('live');
    expect(await page.locator('.samples li').count()).toBe(4);
    expect(await page.locator('.facts').textContent()).toContain('tiny, 3,424,704 parameters');

    await kill(first.child);
    await expect.poll(() => page.getByRole('status').textContent(), { timeout: 10_000 }).toMatch(/^disconnected/);
    const before = await shownStep(page);
    const second = await serving(...command, '--dashboard', new URL(first.url).port);
    await expect
      .poll(() => page.getByRole('status').textContent(), { timeout: 10_000 })
      .toMatch(/^(reconnected|live)$/);
    await untilStep(page, before + 2);
    await kill(second.child);
    await expect.poll(() => page.getByRole('status').textContent(), { timeout: 10_000 }).toMatch(/^disconnected/);
    const trained = (await readMetrics(out)).filter(({ kind }) => kind === 'train').map(({ step }) => step);
    expect(trained).toEqual([...trained.keys()]);
    expect(trained.length).toBeGreaterThanOrEqual(await shownStep(page));
    expect(complaints).toEqual([]);
  });

  test('a finished run is shown at phone width, by keyboard too, and its axis and zoom change', async () => {
    const { url } = await serving('dashboard', join(folder, 'killed'), '--port', '0');
    const { page, complaints } = await open(url, 375);
    await page.locator('.u-over').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(375);
    const drawn = () => page.locator('.chart canvas').first().evaluate('(canvas) => canvas.toDataURL()');
    const linear = await drawn();
    await page.getByRole('radio', { name: 'Log' }).focus();
    await page.keyboard.press('Space');
    await expect.poll(drawn).not.toBe(linear);
    const plot = page.locator('.plot').first();
    await plot.focus();
    await page.keyboard.press('Home');
    await expect.poll(() => page.locator('.legend .at').first().textContent()).toBe('step 0');
    await plot.scrollIntoViewIfNeeded();
    const box = await plot.boundingBox();
    if (!box) throw new Error('the chart has no place');
    await page.mouse.move(box.x + 120, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + 220, box.y + 100, { steps: 4 });
    await page.mouse.up();
    const all = page.getByRole('button', { name: /^Steps \d+ to \d+: show all$/ });
    await all.click();
    await expect.poll(() => all.count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});
