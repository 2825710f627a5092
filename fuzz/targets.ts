/** @file Everything that is fuzzed. A target is the module of its name in `targets/`. */

import type { Target } from './target.ts';

const NAMES = [
  ...[
    'safetensors',
    'llmc',
    'config',
    'index',
    'state',
    'run',
    'metrics',
    'lock',
    'settings',
    'bin',
    'npy',
    'dataset',
    'journal',
  ],
  ...[
    'moves',
    'hellaswag',
    'hellaswag-gzip',
    'jsonl',
    'jsonl-gzip',
    'text',
    'logs',
    'report',
    'parquet',
    'completions',
    'sockets',
    'dashboard',
  ],
];

/** Where a worker finds a target. */
export function modulePath(name: string): string {
  return new URL(`./targets/${name}.js`, import.meta.url).href;
}

export const TARGETS: readonly Target[] = await Promise.all(
  NAMES.map(async (name) => ((await import(modulePath(name))) as { target: Target }).target),
);
