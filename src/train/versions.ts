/** @file What made a checkpoint, for whoever wonders later. */

import { createRequire } from 'node:module';
import type { Backend } from '../engine/runtime/backend.ts';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** Versions of this package and of Node, and the device. */
export function versions({ description }: Backend): Record<string, string> {
  return { minillm: version, node: process.versions.node, device: description };
}
