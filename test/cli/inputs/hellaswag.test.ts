import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { localHellaswag } from '#minillm/cli/inputs/hellaswag.js';
import { Progress } from '#minillm/cli/terminal/progress.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const TEXT = 'examples\n'.repeat(100);

test('the download of HellaSwag is shown once, and a file of the user is left alone', async () => {
  vi.stubEnv('MINILLM_CACHE', temporaryFolder());
  const server = createServer((_, response) => response.writeHead(200, { 'content-length': TEXT.length }).end(TEXT));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const published = { url, sha256: createHash('sha256').update(TEXT).digest('hex') };
  const shown = async (source: string | undefined): Promise<string> => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
    await localHellaswag(source, new Progress(terminal as unknown as NodeJS.WriteStream), published);
    return String(terminal.read() ?? '');
  };
  expect(await shown('some/file.jsonl')).toBe('');
  expect(await shown(undefined)).toBe('');
  expect(await shown('download')).toMatch(/downloading HellaSwag, 900 B\n(.|\r)*100 % \| 900 B of 900 B/);
  expect((await shown('download')).includes('downloading')).toBe(false);
});
