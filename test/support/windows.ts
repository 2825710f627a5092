/** @file What this system does not have is asked as if it were Windows. */

import { onTestFinished, vi } from 'vitest';

/** Makes `process` say, until the test ends, that this is Windows, which has no users with numbers. */
export function playWindows(): void {
  vi.stubGlobal(
    'process',
    Object.create(process, {
      platform: { value: 'win32' },
      getuid: { value: undefined },
      geteuid: { value: undefined },
    }),
  );
  onTestFinished(() => void vi.unstubAllGlobals());
}
