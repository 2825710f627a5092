/** @file The report page in a browser, from a file, as a user opens it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PALETTES } from '#minillm/report/figure/palette.js';
import { minillm } from '../cli/minillm.ts';
import { writeSyntheticRun } from '../report/synthetic-run.ts';
import { launchBrowser, missingBrowser, openPage } from './browser.ts';

describe.skipIf(missingBrowser !== undefined)(`the report page${missingBrowser ? ` (${missingBrowser})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'minillm-report-'));
  let browser: Browser;
  const pages = { one: '', two: '', short: '', brief: '', many: '' };

  beforeAll(async () => {
    const base = writeSyntheticRun(join(folder, 'base'), { planned: 600 });
    const wide = writeSyntheticRun(join(folder, 'wide'), { tokensPerStep: 2048, scale: 0.9, planned: 600 });
    const brief = writeSyntheticRun(join(folder, 'brief'), { steps: 1, hellaswag: false });
    for (const [name, runs] of [
      ['one', [base]],
      ['two', [base, wide]],
      ['brief', [brief]],
      ['many', Array.from({ length: 30 }, (_, index) => `sweep-${index + 1}=${base}`)],
      ['short', [`a-rather-long-name-of-some-first-run=${base}`, `a-rather-long-name-of-one-step=${brief}`]],
    ] as const) {
      const out = join(folder, name);
      const { code, stderr } = await minillm('report', ...runs, '--out', out, '--title', 'A <title> & "more"');
      if (code !== 0) throw new Error(stderr);
      pages[name] = pathToFileURL(join(out, 'report.html')).href;
    }
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens a page, hands it over, and checks that it said nothing on the console and asked the network for nothing. */
  async function visit(
    url: string,
    options: { readonly width?: number; readonly colorScheme?: 'light' | 'dark'; readonly hasTouch?: boolean },
    look: (page: Page) => Promise<void>,
  ): Promise<void> {
    const { width = 1280, ...rest } = options;
    const page = await openPage(browser, { viewport: { width, height: 812 }, ...rest });
    const said: string[] = [];
    const asked: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(String(error)));
    page.on('request', (request) => asked.push(request.url()));
    try {
      await page.goto(url);
      await look(page);
      expect(said).toEqual([]);
      expect(asked).toEqual([url]);
    } finally {
      await page.close();
    }
  }

  /** Of each chart its title and the number of lines in the colours of runs that have many points. */
  const curveCounts = (page: Page): Promise<[string, number][]> =>
    page.$$eval(
      'figure',
      (figures, colours) =>
        figures.map((figure) => {
          const curves = [...figure.querySelectorAll('.canvas path')].filter(
            (path) =>
              colours.includes(path.getAttribute('stroke') ?? '') &&
              (path.getAttribute('d') ?? '').split(/[ L]/).length > 12,
          );
          return [figure.querySelector('h2')?.firstChild?.textContent ?? '', curves.length];
        }),
      PALETTES.light.runs,
    );

  test('shows every curve of a run, its figures, settings and machine', async () => {
    await visit(pages.one, {}, async (page) => {
      expect(await page.title()).toBe('A <title> & "more"');
      const counts = Object.fromEntries(await curveCounts(page));
      expect(counts).toEqual({
        Loss: 3,
        'HellaSwag accuracy': 1,
        Throughput: 2,
        'Model FLOPs utilisation': 2,
        'Gradient norm': 2,
        'Learning rate': 1,
      });
      const text = await page.innerText('body');
      for (const expected of ['3.2924', '0.2955', 'A Processor, 2 threads', 'total batch size', '3,424,704'])
        expect(text).toContain(expected);
    });
  });

  test.each([1280, 700, 375])('draws every chart as wide as its place, on a page of %d pixels', async (width) => {
    await visit(pages.one, { width }, async (page) => {
      const overhangs = () =>
        page.$$eval('figure .canvas', (canvases) =>
          canvases.map((canvas) => Number(canvas.querySelector('svg')?.getAttribute('width')) - canvas.clientWidth),
        );
      await expect.poll(overhangs).toEqual([0, 0, 0, 0, 0, 0]);
    });
  });

  test.each([
    ['one', 'light'],
    ['one', 'dark'],
    ['two', 'light'],
  ] as const)('%s run(s) fit a phone, %s', async (name, colorScheme) => {
    await visit(pages[name], { width: 375, colorScheme, hasTouch: true }, async (page) => {
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(375);
      const smallest = await page.evaluate(
        `Math.min(...[...document.querySelectorAll('main :is(p, dt, dd, button, td, th, blockquote, text)')]
          .map((element) => parseFloat(getComputedStyle(element).fontSize)))`,
      );
      expect(smallest).toBeGreaterThanOrEqual(12);
      const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(background).toBe(colorScheme === 'dark' ? 'rgb(20, 23, 27)' : 'rgb(255, 255, 255)');
    });
  });

  test('is used by keyboard: zoom, pan, axis, samples', async () => {
    await visit(pages.one, {}, async (page) => {
      const ticks = () => page.$$eval('figure:first-of-type text', (texts) => texts.map((text) => text.textContent));
      const whole = await ticks();
      await page.focus('figure:first-of-type .canvas');
      await page.keyboard.press('+');
      await page.keyboard.press('ArrowLeft');
      expect(await ticks()).not.toEqual(whole);
      expect(await page.getByRole('button', { name: 'whole run' }).getAttribute('aria-pressed')).toBe('false');
      await page.keyboard.press('0');
      expect(await ticks()).toEqual(whole);
      await page.getByRole('button', { name: 'tokens' }).press('Enter');
      expect(await ticks()).toContain('200 k');
      await page.getByRole('button', { name: 'time' }).press('Enter');
      expect(await ticks()).toContain('1 m');
      await page.getByRole('button', { name: 'log' }).press('Enter');
      await page.focus('#step');
      await page.keyboard.press('Home');
      expect(await page.innerText('#samples')).toContain('after 0 steps');
      expect(await page.innerText('blockquote')).toBe('Once </script> <b>0</b> "times"\nand again');
    });
  });

  test('shows the values under the pointer, and follows the zoom buttons in every chart', async () => {
    await visit(pages.one, {}, async (page) => {
      await page.hover('figure:first-of-type .canvas', { position: { x: 500, y: 100 } });
      await page.waitForSelector('.tooltip');
      expect(await page.innerText('.tooltip')).toMatch(
        /step \d+, [\d.]+ k tokens\s+each step\s+3\.\d{4}\s+training\s+3\.\d{4}\s+validation\s+3\.\d{4}/,
      );
      await page.getByRole('button', { name: 'last tenth' }).click();
      const lastTicks = await page.$$eval('figure', (figures) => figures.map((figure) => figure.textContent ?? ''));
      for (const text of lastTicks) expect(text).toContain('580');
    });
  });

  test('shows the same stretch and values on a logarithmic axis', async () => {
    await visit(pages.one, {}, async (page) => {
      const ticks = () => page.$$eval('figure:first-of-type text', (texts) => texts.map((text) => text.textContent));
      await page.getByRole('button', { name: 'last half' }).click();
      const linear = await ticks();
      await page.getByRole('button', { name: 'log' }).click();
      expect(await ticks()).toEqual(linear.filter((tick) => tick !== '300'));
      await page.getByRole('button', { name: 'whole run' }).click();
      expect(await ticks()).toEqual(expect.arrayContaining(['1', '10', '100']));
    });
  });

  test('scrolls under the wheel, and zooms with Ctrl', async () => {
    await visit(pages.one, {}, async (page) => {
      const isWhole = () => page.getByRole('button', { name: 'whole run' }).getAttribute('aria-pressed');
      await page.mouse.move(600, 400);
      await page.mouse.wheel(0, 200);
      await page.waitForFunction('scrollY === 200');
      expect(await isWhole()).toBe('true');
      await page.keyboard.down('Control');
      await page.mouse.wheel(0, -200);
      await page.waitForSelector('button[aria-pressed=false] >> text=whole run');
      expect(await page.evaluate('scrollY')).toBe(200);
    });
  });

  test('switches runs on and off', async () => {
    await visit(pages.two, {}, async (page) => {
      const before = Object.fromEntries(await curveCounts(page));
      await page.getByRole('button', { name: 'wide' }).click();
      const after = Object.fromEntries(await curveCounts(page));
      expect([before.Loss, after.Loss]).toEqual([6, 3]);
      expect([before.Throughput, after.Throughput]).toEqual([4, 2]);
    });
  });

  test.each([1280, 375])('tells of thirty runs beside a small chart, in a window of %d pixels', async (width) => {
    await visit(pages.many, { width }, async (page) => {
      const chart = page.locator('figure', { hasText: 'Throughput' }).locator('.canvas');
      await chart.scrollIntoViewIfNeeded();
      await chart.hover({ position: { x: 120, y: 100 } });
      const tooltip = page.locator('figure', { hasText: 'Throughput' }).locator('.tooltip');
      await tooltip.waitFor();
      expect(await tooltip.locator('th').count()).toBe(30);
      const box = await tooltip.boundingBox();
      if (!box) throw new Error('the tooltip has no place');
      expect([box.x >= 0, box.y >= 0]).toEqual([true, true]);
      expect(box.x + box.width).toBeLessThanOrEqual(width);
      expect(box.y + box.height).toBeLessThanOrEqual(812);
    });
  });

  test('of one step has nothing to choose where there is nothing to choose from', async () => {
    await visit(pages.brief, {}, async (page) => {
      expect(await page.innerText('#samples')).toContain('after 0 steps');
      expect(await page.locator('#step').count()).toBe(0);
      expect(await page.getByRole('button', { name: 'log' }).count()).toBe(0);
    });
  });

  test('tells the values of several runs in a row each, none of a run that had ended', async () => {
    await visit(pages.two, {}, async (page) => {
      await page.hover('figure:first-of-type .canvas', { position: { x: 300, y: 100 } });
      await page.waitForSelector('.tooltip');
      expect(await page.innerText('.tooltip')).toMatch(
        /tokens\s+training\s+validation\s+base(\s+\d\.\d{4}){2}\s+wide(\s+\d\.\d{4}){2}$/,
      );
    });
    await visit(pages.short, {}, async (page) => {
      await page.hover('figure:first-of-type .canvas', { position: { x: 600, y: 100 } });
      await page.waitForSelector('.tooltip');
      const told = await page.innerText('.tooltip');
      expect(told).toContain('…some-first-run');
      expect(told).not.toContain('one-step');
      expect(await page.innerText('#samples')).toContain('a-rather-long-name-of-one-step, after 0 steps');
    });
  });
});
