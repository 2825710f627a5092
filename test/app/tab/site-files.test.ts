import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mainSource } from '#minillm/app/server/models/model-source.js';
import { planSite } from '#minillm/app/site/site-plan.js';
import { writeSite } from '#minillm/app/site/write-site.js';
import type { Site } from '#minillm/app/tab/site.js';
import { SiteFiles } from '#minillm/app/tab/site-files.js';
import { writeGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { serveFile } from '../../support/file-server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { builtPage } from '../site/built-page.ts';

/** Of four slices in int8, the last of which begins in a matrix. */
const CONFIG = { layers: 4, heads: 6, channels: 384, contextLength: 32, vocabularySize: 50257, layerNormEpsilon: 1e-5 };

const refuse = async (): Promise<never> => {
  throw new Error('there is no cache');
};

test('weights are read in one request, also where nothing is kept', async () => {
  const source = temporaryFolder();
  await writeGpt2Folder(source, CONFIG, (name, start, target) => void target.fill(name.length + start));
  const main = await mainSource(source, source);
  const folder = join(temporaryFolder(), 'site');
  const plan = await planSite({ main, compared: undefined, weights: 'int8', slider: 0 });
  await writeSite(folder, plan, { version: '1', signal: new AbortController().signal, built: builtPage() });
  const { file } = (JSON.parse(readFileSync(join(folder, 'site.json'), 'utf8')) as Site).main;
  if (!file) throw new Error('the main model has no file');
  const server = await serveFile(readFileSync(join(folder, file.folder, 'model.safetensors')));
  const files = new SiteFiles(new URL(server.url), { get: refuse, put: refuse, retain: refuse });
  let loaded = 0;
  const weights = await files.openWeights({ id: 'small', file, config: CONFIG }, (bytes) => {
    loaded = bytes;
  });
  await weights.load({ write: async () => {} });
  await weights.close();
  expect(server.ranges).toEqual([undefined]);
  expect(loaded).toBe(file.bytes);
  expect(files.describeWeights()).toBe(
    "Their weights (27 MB) are not all kept for the next visit: this browser's cache cannot be used (there is no cache)",
  );
});
