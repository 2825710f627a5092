/** @file koffi, which calls native code, where this system has a build of it: none is installed on Windows. */

import { messageOf, UserError } from '../support/errors.ts';

const loaded = await import('./koffi.ts').then(
  ({ koffi: module }) => ({ module }),
  (cause: unknown) => ({ obstacle: messageOf(cause).split('\n')[0] }),
);

/** Why there is none; undefined where there is one. */
export const koffiObstacle = 'module' in loaded ? undefined : loaded.obstacle;

/**
 * The module.
 * @throws UserError where there is none.
 */
export function koffi() {
  if ('module' in loaded) return loaded.module;
  throw new UserError(
    `native code needs koffi, which could not be loaded on ${process.platform}, ${process.arch} (${koffiObstacle}); install again with optional dependencies, or do without it: --device wasm`,
  );
}
