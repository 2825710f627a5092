/** @file The worker that runs the models of a page without a server. */

import { openWasmInBrowser } from '../../../../../backends/wasm/open-in-browser.ts';
import { startEngine } from '../../../../tab/engine.ts';
import { openSiteWeights, readSite } from '../../../../tab/site-files.ts';

// this script is an asset: the page is beside its folder
const page = new URL('../', location.href);

startEngine(
  {
    post: (message) => postMessage(message),
    receive: (receiver) => addEventListener('message', ({ data }) => receiver(data)),
  },
  {
    readSite: () => readSite(page),
    openBackend: (precision) => openWasmInBrowser({ precision }),
    openWeights: (model, onProgress) => openSiteWeights(page, model, onProgress),
  },
);
