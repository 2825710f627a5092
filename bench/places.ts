/** @file Where things are: compiled scripts beside this one, sources that are run as they stand in bench/. */

import { fileURLToPath } from 'node:url';

export const fromBench = (path: string): string => fileURLToPath(new URL(`../bench/${path}`, import.meta.url));
export const compiledScript = (name: string): string => fileURLToPath(new URL(`${name}.js`, import.meta.url));
