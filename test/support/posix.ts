import { test } from 'vitest';

/** A test of what Windows has not: modes, owners, signals that a process hears. */
export const testOnPosix = test.skipIf(process.platform === 'win32');
