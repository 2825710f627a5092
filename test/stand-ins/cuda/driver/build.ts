/** @file The sources of the driver's stand-in. */

import { readdirSync } from 'node:fs';

/** By their paths in the folder of the stand-ins. */
export const DRIVER_SOURCES = readdirSync(new URL('./', import.meta.url))
  .filter((name) => name.endsWith('.c'))
  .map((name) => `driver/${name}`);
