/** `minillm serve` as a process: from its start to its end. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { smallRun } from '../app/server/models/small-run.ts';
import { BIN } from '../cli/minillm.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Serving {
  readonly process: ChildProcess;
  readonly url: string;
  readonly printed: () => string;
}

async function serve(...args: string[]): Promise<Serving> {
  const child = spawn(process.execPath, [BIN, 'serve', '--port', '0', '--threads', '1', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  for (const output of [child.stdout, child.stderr])
    output?.on('data', (bytes: Buffer) => {
      printed += bytes.toString();
    });
  const url = (): string | undefined => /^serving (http:\S+)/m.exec(printed)?.[1];
  await expect.poll(() => url() ?? child.exitCode).not.toBe(null);
  return { process: child, url: url() ?? '', printed: () => printed };
}

const post = (url: string, body: object): Promise<Response> =>
  fetch(`${url}v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const ids = async (url: string): Promise<string[]> => {
  const { data } = (await (await fetch(`${url}v1/models`)).json()) as { data: { id: string }[] };
  return data.map(({ id }) => id);
};

async function run(): Promise<string> {
  const folder = join(temporaryFolder(), 'book');
  await smallRun(folder, [2, 4]);
  return folder;
}

test('a run is served beside the untrained model, until a signal, after which what was asked is still answered', async () => {
  const server = await serve('--checkpoint', await run());
  expect(server.printed()).toMatch(
    /^book beside untrained: [\d,]+ parameters, fp32\ndevice: .+\nserving http:\S+ and \S+ \(Ctrl-C stops it\)\n$/,
  );
  expect(await ids(server.url)).toEqual(['book', 'untrained', 'book@0', 'book@2', 'book@4']);
  // its head is there, its body not yet
  const headers = { 'content-type': 'application/json', expect: '100-continue' };
  const begun = request(`${server.url}v1/completions`, { method: 'POST', headers, agent: false });
  begun.flushHeaders();
  await once(begun, 'continue');
  server.process.kill('SIGTERM');
  await expect.poll(async () => (await fetch(`${server.url}health`)).status).toBe(503);
  expect((await post(server.url, { prompt: 'a' })).status).toBe(503);
  begun.end(JSON.stringify({ model: 'book@2', prompt: [1, 2], max_tokens: 5 }));
  const [response] = (await once(begun, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  expect(await json(response)).toMatchObject({ model: 'book@2', usage: { prompt_tokens: 2 } });
  if (server.process.exitCode === null) await once(server.process, 'exit');
  expect(server.process.exitCode).toBe(0);
}, 120_000);

test('--compare, --no-compare and --model-name choose models and names', async () => {
  const folder = await run();
  const both = await serve('--checkpoint', folder, '--model-name', 'mine', '--compare', join(folder, 'step-00000002'));
  expect(await ids(both.url)).toEqual(['mine', 'mine@2', 'mine@0', 'mine@4']);
  const alone = await serve('--checkpoint', folder, '--no-compare');
  expect((await ids(alone.url)).includes('untrained')).toBe(false);
  expect(await (await fetch(`${alone.url}app/models.json`)).json()).toMatchObject({ main: 'book', compared: null });
}, 120_000);

test('a key from the environment is wanted, and an empty one refused', async () => {
  const folder = await run();
  process.env.MINILLM_API_KEY = 'secret';
  onTestFinished(() => void delete process.env.MINILLM_API_KEY);
  const server = await serve('--checkpoint', folder, '--no-compare');
  expect((await post(server.url, { prompt: 'a' })).status).toBe(401);
  process.env.MINILLM_API_KEY = '';
  const refused = await serve('--checkpoint', folder);
  expect(refused.url).toBe('');
  expect(refused.printed()).toMatch(/^minillm: --api-key, MINILLM_API_KEY: expected a key, found an empty one\n$/);
}, 120_000);
