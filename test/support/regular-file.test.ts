import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { UserError } from '#minillm/support/errors.js';
import {
  openRegularFile,
  openRegularFileSync,
  readRegularFile,
  readRegularFileSync,
} from '#minillm/support/regular-file.js';
import { temporaryFolder } from './temporary-folder.ts';

describe.skipIf(process.platform === 'win32')(
  'what is no regular file is refused by name, and nothing waits for it',
  () => {
    async function places(): Promise<[string, string][]> {
      const folder = temporaryFolder();
      const [fifo, socket] = [join(folder, 'fifo'), join(folder, 'socket')];
      execFileSync('mkfifo', [fifo]);
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(socket, resolve));
      onTestFinished(() => void server.close());
      return [
        [fifo, 'a FIFO; write what it gives to a file first'],
        [socket, 'a socket'],
        ['/dev/zero', 'a device'],
        [folder, 'a folder; name a file in it'],
      ];
    }

    test('by every way to open one', async () => {
      for (const [path, found] of await places()) {
        const message = `${path}: expected a regular file, found ${found}`;
        await expect(openRegularFile(path)).rejects.toThrow(message);
        await expect(readRegularFile(path, 10)).rejects.toThrow(message);
        expect(() => openRegularFileSync(path)).toThrow(message);
      }
    });
  },
);

test('a whole file is read up to its bound', async () => {
  const path = join(temporaryFolder(), 'a');
  writeFileSync(path, 'hello');
  expect((await readRegularFile(path, 5)).toString()).toBe('hello');
  expect(readRegularFileSync(path, 5).toString()).toBe('hello');
  await expect(readRegularFile(path, 4)).rejects.toThrow(UserError);
  expect(() => readRegularFileSync(path, 4)).toThrow('expected at most 4 bytes, found 5 or more');
  // a file that says it is empty and is not
  if (process.platform === 'linux') await expect(readRegularFile('/proc/self/status', 4)).rejects.toThrow(UserError);
});
