/** @file One run in WebAssembly has the same bits in Node and in a browser. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWasmInNode } from '#minillm/backends/wasm/open-in-node.js';
import { launchBrowser, missingBrowser, openPage } from './browser.ts';
import { type StaticSite, serveFolder } from './static-site.ts';
import { type Outcome, trainInSmall } from './train-in-small.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * WebAssembly leaves the rounding of relaxed SIMD to the engine and the processor. Node and Chromium have the same engine, and here the
 * same processor.
 */
const CASES = (['simd128', 'relaxed'] as const).flatMap((variant) =>
  (['fp32', 'bf16'] as const).map((precision) => [precision, variant] as const),
);

const IMPORTS = { '#minillm/': '/dist/', zod: '/node_modules/zod/index.js' };
const PAGE = `<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>`;
const ISOLATED = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

const script = ts.transpileModule(readFileSync(new URL('train-in-small.ts', import.meta.url), 'utf8'), {
  compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
}).outputText;

describe.skipIf(missingBrowser !== undefined)(
  `WebAssembly in a browser${missingBrowser ? ` (${missingBrowser})` : ''}`,
  () => {
    let browser: Browser;
    let site: StaticSite;
    beforeAll(async () => {
      [browser, site] = await Promise.all([launchBrowser(), serveFolder(ROOT, { isIsolated: true })]);
    });
    afterAll(async () => {
      await browser?.close();
      site?.close();
    });

    test.each(CASES)('trains and writes in %s with the bits of Node, %s', async (precision, variant) => {
      const page = await openPage(browser);
      await page.route(site.url, (route) => route.fulfill({ contentType: 'text/html', headers: ISOLATED, body: PAGE }));
      await page.route(`${site.url}train-in-small.js`, (route) =>
        route.fulfill({ contentType: 'text/javascript', body: script }),
      );
      await page.goto(site.url);
      const options = JSON.stringify({ precision, variant, threads: 2 });
      const inBrowser = await page.evaluate<Outcome>(`(async () => {
        const { trainInSmall } = await import('/train-in-small.js');
        const { openWasmInBrowser } = await import('#minillm/backends/wasm/open-in-browser.js');
        return trainInSmall('${precision}', () => openWasmInBrowser(${options}));
      })()`);
      const inNode = await trainInSmall(precision, () => openWasmInNode({ precision, variant, threads: 2 }));
      expect(inBrowser).toEqual(inNode);
      await page.close();
    });
  },
);
