/** @file How the interpreter of PTX is compiled, into whatever library uses it. */

import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';

/** For this processor, whose model the cache of libraries must know. A product and a sum are fused only where PTX says so. */
export const PTX_FLAGS = [
  ...['-std=gnu11', '-O3', '-march=native', '-ffp-contract=off', '-Wno-psabi'],
  `-DCOMPILED_FOR="${cpus()[0]?.model.replaceAll('"', '')}"`,
];

/** Its sources, by their paths in the folder of the stand-ins. */
export const PTX_SOURCES = readdirSync(new URL('./', import.meta.url))
  .filter((name) => name.endsWith('.c'))
  .map((name) => `ptx/${name}`);
