/** @file The tables of the report page; test/e2e looks at it in a browser. */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reportPage } from '#minillm/report/page-html.js';
import { readRuns } from '#minillm/report/sources/read-run.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type SyntheticRun, writeSyntheticRun } from './synthetic-run.ts';

async function pageOf(run: SyntheticRun): Promise<string> {
  const runs = await readRuns([writeSyntheticRun(join(temporaryFolder(), 'run'), run)], undefined);
  return reportPage(runs, { title: 'A run', notes: [], references: true });
}

test('the page shows the machine beside the setting that chose its kind', async () => {
  const page = await pageOf({ planned: 600 });
  expect(page).toContain('<th scope="row">hardware</th><td>A Processor, 2 threads</td>');
  expect(page).toContain('<th scope="row">device</th><td>cpu</td>');
});

test('the page of one step counts it in the singular', async () => {
  expect(await pageOf({ steps: 1, hellaswag: false })).toContain('<dd class="note">1 step</dd>');
});

test('the page says that no loss is a number', async () => {
  const page = await pageOf({ scale: Number.NaN, hellaswag: false });
  expect(page).toContain('"note":"no loss is a number"');
  expect(page).toContain('"range":"falling","references":[]');
});

test('the results show first what one looks for', async () => {
  expect(await pageOf({})).toMatch(/>run<\/th><th scope="col">validation loss<\/th><th scope="col">HellaSwag</);
});

test('an accuracy of a part of HellaSwag says of how many examples it is: on its card, in the table, over the curve', async () => {
  const page = await pageOf({ hellaswagExamples: 503 });
  expect(page).toContain('<dt>HellaSwag (503 examples)</dt>');
  expect(page).toMatch(/<td>0\.\d{4} \(503 examples\)<\/td>/);
  expect(page).toContain('"title":"HellaSwag accuracy (503 examples)"');
  expect(await pageOf({})).not.toContain('examples)');
});
