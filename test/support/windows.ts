/** @file What this system does not have is asked as if it were another. */

import { onTestFinished, vi } from 'vitest';

/** Makes `process` say, until the test ends, that this is Windows, which has no users with numbers. */
export function playWindows(): void {
  play({ platform: { value: 'win32' }, getuid: { value: undefined }, geteuid: { value: undefined } });
}

/** Makes `process` say, until the test ends, that this is Linux. */
export function playLinux(): void {
  play({ platform: { value: 'linux' } });
}

function play(system: PropertyDescriptorMap): void {
  vi.stubGlobal('process', Object.create(process, system));
  onTestFinished(() => void vi.unstubAllGlobals());
}
