/** Weights behind an address. */

import { writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fetchWeights } from '#minillm/generate/fetch-weights.js';
import type { Weights } from '#minillm/generate/initial-weights.js';
import { openWeights } from '#minillm/generate/weights.js';
import { UserError } from '#minillm/support/errors.js';
import { serveFolder } from '../e2e/static-site.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { SMALL, writeUntrained } from './untrained-folder.ts';

/** The bytes of each parameter. */
async function valuesOf(weights: Weights): Promise<Map<string, Uint8Array>> {
  const values = new Map<string, Uint8Array>();
  await weights.load({
    write: async (_, name, source) => void values.set(name, new Uint8Array(source.slice().buffer)),
  });
  await weights.close();
  return values;
}

async function serve(): Promise<{ readonly folder: string; readonly url: URL }> {
  const folder = temporaryFolder();
  await writeUntrained(folder);
  const site = await serveFolder(folder, { isIsolated: false });
  onTestFinished(() => site.close());
  return { folder, url: new URL(site.url) };
}

test('are those of the folder, and the progress is told', async () => {
  const { folder, url } = await serve();
  const progress: [number, number | undefined][] = [];
  const weights = await fetchWeights(url, (...step) => progress.push(step));
  expect(weights.config).toEqual(SMALL);
  const expected = await valuesOf(await openWeights(folder));
  const found = await valuesOf(weights);
  expect([...found.keys()]).toEqual([...expected.keys()]);
  for (const [name, values] of found) expect(Buffer.compare(values, expected.get(name) ?? new Uint8Array(0))).toBe(0);
  const { size } = await stat(join(folder, 'model.safetensors'));
  expect(progress.at(-1)).toEqual([size, size]);
});

test('that are missing, or of another network, are refused with their address', async () => {
  const { folder, url } = await serve();
  const missing = fetchWeights(new URL('elsewhere/', url));
  await expect(missing).rejects.toThrow(UserError);
  await expect(missing).rejects.toThrow(`${url}elsewhere/config.json: could not be read (HTTP status 404)`);
  writeFileSync(join(folder, 'config.json'), '<!doctype html>');
  await expect(fetchWeights(url)).rejects.toThrow(new RegExp(`^${url}config.json: `));
});
