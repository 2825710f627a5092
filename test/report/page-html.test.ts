/** @file The tables of the report page; test/e2e looks at it in a browser. */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reportPage } from '#minillm/report/page-html.js';
import { readRuns } from '#minillm/report/read-run.js';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type SyntheticRun, writeSyntheticRun } from './synthetic-run.ts';

async function pageOf(run: SyntheticRun): Promise<string> {
  const runs = await readRuns([writeSyntheticRun(join(temporaryFolder(), 'run'), run)], undefined);
  return reportPage(runs, { title: 'A run', references: true });
}

test('the page shows the machine beside the setting that chose its kind', async () => {
  const page = await pageOf({ planned: 600 });
  expect(page).toContain('<th scope="row">hardware</th><td>A Processor, 2 threads</td>');
  expect(page).toContain('<th scope="row">device</th><td>cpu</td>');
});
