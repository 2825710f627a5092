/** @file How the interpreter of PTX is compiled. */

import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { compileLibrary } from '#minillm/native/compile.js';

/** For this processor, whose model the cache of libraries must know. A product and a sum are fused only where PTX says so. */
export const PTX_FLAGS = [
  ...['-std=gnu11', '-O3', '-march=native', '-ffp-contract=off', '-Wno-psabi'],
  `-DCOMPILED_FOR="${cpus()[0]?.model.replaceAll('"', '')}"`,
];

/** Its library, with what tests of it launch kernels by. */
export function compileInterpreter(): Promise<string> {
  const sources = readdirSync(new URL('./', import.meta.url)).filter((name) => name.endsWith('.c'));
  return compileLibrary({
    name: 'stand-in-ptx',
    folder: new URL('../', import.meta.url),
    sources: ['ptx-launcher.c', ...sources.map((name) => `ptx/${name}`)],
    flags: PTX_FLAGS,
  });
}
