/** @file The worker that trains: the page's own thread only draws. */

import { openWasmInBrowser } from '../../../../backends/wasm/open-in-browser.ts';
import type { TrainingRequest } from '../../../tab/training/messages.ts';
import { TAB_MODEL, TAB_SETTINGS, TAB_STORIES } from '../../../tab/training/run-settings.ts';
import { TrainingSession } from '../../../tab/training/session.ts';
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
