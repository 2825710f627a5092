import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';
import { testOnPosix } from './posix.ts';

const MODULE = new URL('../../dist/support/end-by-signal.js', import.meta.url).href;

/** How a process ends that ends itself by a signal which it listens to. */
function ended(platform: string): Promise<{ readonly signal: string | null; readonly code: unknown }> {
  const program = `
    import { endBySignal } from ${JSON.stringify(MODULE)};
    Object.defineProperty(process, 'platform', { value: '${platform}' });
    process.on('SIGTERM', () => console.log('heard'));
    endBySignal('SIGTERM');`;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--input-type=module', '--eval', program], (error, stdout) => {
      if (stdout !== '' || error === null) reject(new Error(`it went on: ${stdout}`));
      else resolve({ signal: error.signal ?? null, code: error.code });
    });
  });
}

testOnPosix('whoever started the process sees the signal, which nobody hears any more', async () => {
  expect(await ended('linux')).toEqual({ signal: 'SIGTERM', code: null });
});

test('on Windows the exit code says which it was', async () => {
  expect(await ended('win32')).toEqual({ signal: null, code: 143 });
});
