/**
 * @file The worker that runs the models of a page without a server. It imports what is built: the kernels are beside that.
 */

import { startEngine } from '#minillm/app/tab/engine.js';
import { SiteFiles } from '#minillm/app/tab/site-files.js';
import { openWasmInBrowser } from '#minillm/backends/wasm/open-in-browser.js';
import { WeightCache } from './weight-cache.ts';

// this script is an asset: the page is beside its folder
const page = new URL('../', location.href);
const files = new SiteFiles(page, new WeightCache(page));

startEngine(
  {
    post: (message) => postMessage(message),
    receive: (receiver) => addEventListener('message', ({ data }) => receiver(data)),
  },
  {
    readSite: () => files.readSite(),
    openBackend: (precision) => openWasmInBrowser({ precision }),
    openWeights: (model, onProgress) => files.openWeights(model, onProgress),
    describeWeights: () => files.describeWeights(),
  },
);
