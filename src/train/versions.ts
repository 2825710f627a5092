/** @file What made a checkpoint, for whoever wonders later. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Backend } from '../engine/runtime/backend.ts';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** Versions of this package and of Node, and the device. */
export function versions({ description }: Backend): Record<string, string> {
  return { minillm: version, node: process.versions.node, device: description };
}

/** What tells two builds of this package apart: its version, and a checksum of its code and kernels. */
export function codeVersion(): Record<string, string> {
  const root = fileURLToPath(new URL('../', import.meta.url));
  const hash = createHash('sha256');
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort())
    if (/\.(js|c|h)$/.test(file)) hash.update(file).update(readFileSync(join(root, file)));
  return { minillm: version, code: hash.digest('hex').slice(0, 16) };
}
