/** What is answered about a checkpoint that cannot be read. */

import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { completionsApp } from '#minillm/app/server/completions/completions.js';
import { listen } from '#minillm/app/server/listen.js';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { openPool } from '../models/pools.ts';
import { smallRun } from '../models/small-run.ts';

test('a damaged checkpoint is a 503 that names no file; the log of the server names it', async () => {
  const folder = join(temporaryFolder(), 'book');
  await smallRun(folder, [1, 2]);
  const weights = join(folder, 'step-00000001', 'model.safetensors');
  truncateSync(weights, 100);
  const pool = await openPool(folder);
  const { url, close } = await listen(completionsApp(pool), { host: '127.0.0.1', port: 0, isFixed: true });
  onTestFinished(async () => {
    await close();
    await pool.close();
  });
  const log = vi.spyOn(console, 'error').mockImplementation(() => {});
  onTestFinished(() => log.mockRestore());
  const answer = await fetch(`${url}v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'book@1', prompt: 'x', max_tokens: 1 }),
  });
  expect(answer.status).toBe(503);
  const { error } = (await answer.json()) as { error: { message: string } };
  expect(error.message).toBe('The model "book@1" cannot be opened now; the server\'s log says why; ask another');
  expect(log.mock.calls.flat().join('\n')).toContain(weights);
});
