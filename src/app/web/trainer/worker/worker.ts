/** @file The worker that trains: the page's own thread only draws. */

import type { TrainingRequest } from '#minillm/app/tab/training/messages.js';
import { TAB_MODEL, TAB_SETTINGS, TAB_STORIES } from '#minillm/app/tab/training/run-settings.js';
import { TrainingSession } from '#minillm/app/tab/training/session.js';
import { openWasmInBrowser } from '#minillm/backends/wasm/open-in-browser.js';
import { BrowserStorage } from './browser-storage.ts';

const session = new TrainingSession({
  settings: TAB_SETTINGS,
  modelConfig: TAB_MODEL,
  stories: TAB_STORIES,
  openDevice: () => openWasmInBrowser({ precision: TAB_SETTINGS.precision }),
  storage: new BrowserStorage(),
  send: (event) => postMessage(event),
});

addEventListener('message', ({ data }: MessageEvent<TrainingRequest>) => session.receive(data));
