import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { remove } from '#minillm/support/files.js';

/** An empty folder that is removed when the running test ends. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'minillm-test-'));
  onTestFinished(() => remove(path));
  return path;
}
