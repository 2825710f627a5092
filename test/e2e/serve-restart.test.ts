/** `minillm serve` that ends while clients are being answered: nobody hangs, and no half of an answer looks like a whole one. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { BIN } from '../cli/minillm.ts';

/** More than there are slots, so that some are written for and some wait. */
const CLIENTS = 24;
const TOKENS = 100;

interface Serving {
  readonly process: ChildProcess;
  readonly port: number;
}

async function serve(port = 0): Promise<Serving> {
  const flags = ['--checkpoint', 'untrained:tiny', '--threads', '1', '--port', String(port)];
  const child = spawn(process.execPath, [BIN, 'serve', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) {
    const bound = /^serving http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (bound !== undefined) return { process: child, port: Number(bound) };
  }
  throw new Error('the server has ended');
}

/** What became of a request, as its client sees it. */
interface Outcome {
  /** 0 where there was no answer. */
  readonly status: number;
  readonly text: string;
  /** The error of the connection. */
  readonly error: string | undefined;
  readonly retryAfter: string | undefined;
}

/** Asks and reads; `onPiece` gets what has come so far. */
function ask(port: number, body: object, onPiece: (text: string) => void = () => {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' };
    const path = '/v1/completions';
    let text = '';
    let status = 0;
    let retryAfter: string | undefined;
    const end = (error?: Error): void => resolve({ status, text, error: error?.message, retryAfter });
    const asked = request({ host: '127.0.0.1', port, method: 'POST', path, headers, agent: false }, (response) => {
      status = response.statusCode ?? 0;
      retryAfter = response.headers['retry-after'];
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        onPiece(text);
      });
      response.on('end', () => end()).on('error', end);
    });
    asked.on('error', end);
    asked.end(JSON.stringify(body));
  });
}

const requestOf = (client: number): object => ({
  ...{ prompt: [1000 + client], max_tokens: TOKENS, seed: client, ignore_eos: true },
  // most of them read as their text grows
  stream: client % 4 !== 3,
});
const isStream = (client: number): boolean => client % 4 !== 3;

/** The text of an answer that says that it is whole; undefined for any other. */
function wholeText(client: number, { status, text, error }: Outcome): string | undefined {
  if (status !== 200 || error !== undefined) return undefined;
  interface Chunk {
    readonly choices: readonly { readonly text: string; readonly finish_reason: string | null }[];
  }
  const events = isStream(client) ? text.trim().split('\n\n') : [text];
  if (isStream(client) && events.pop() !== 'data: [DONE]') return undefined;
  const chunks = events.map((event) => JSON.parse(event.replace(/^data: /, '')) as Chunk);
  expect(chunks.at(-1)?.choices.at(-1)?.finish_reason).toBe('length');
  return chunks.map(({ choices }) => choices[0]?.text ?? '').join('');
}

/**
 * Has every client ask again and again until one request is not answered as it should be; `strike` is called once, when all
 * have been answered at least once and a stream has begun.
 */
async function load(port: number, strike: () => void): Promise<{ texts: string[]; lasts: Outcome[] }> {
  const texts: string[] = [];
  let isStruck = false;
  const onPiece = (text: string): void => {
    const isBegun = text.split('\n\n').length > 3 && !text.includes('[DONE]');
    if (isStruck || !isBegun || Object.keys(texts).length < CLIENTS) return;
    isStruck = true;
    strike();
  };
  const client = async (index: number): Promise<Outcome> => {
    for (;;) {
      const outcome = await ask(port, requestOf(index), isStream(index) ? onPiece : undefined);
      const text = wholeText(index, outcome);
      if (text === undefined) return outcome;
      if (texts[index] !== undefined) expect(text).toBe(texts[index]);
      texts[index] = text;
    }
  };
  const lasts = await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(index)));
  return { texts, lasts };
}

test('a server that is killed cuts every answer off visibly, and one started in its place gives the same texts', async () => {
  const first = await serve();
  const { texts, lasts } = await load(first.port, () => first.process.kill('SIGKILL'));
  for (const { error, text } of lasts) {
    expect(error).toMatch(/ECONNRESET|ECONNREFUSED|socket hang up|aborted/);
    expect(text).not.toMatch(/\[DONE\]|"finish_reason":"/);
  }
  expect(lasts.some(({ text }) => text.startsWith('data: '))).toBe(true);
  const second = await serve(first.port);
  expect(second.port).toBe(first.port);
  const again = Array.from({ length: CLIENTS }, (_, client) => ask(second.port, requestOf(client)));
  for (const [client, outcome] of (await Promise.all(again)).entries())
    expect(wholeText(client, outcome)).toBe(texts[client]);
}, 240_000);

test('a server that is told to stop answers or refuses every request in words, and ends with 0', async () => {
  const server = await serve();
  const { lasts } = await load(server.port, () => server.process.kill('SIGTERM'));
  for (const { status, text, error, retryAfter } of lasts) {
    // who is waiting is told; a new connection finds a server that is stopping, closes its doors, or is gone
    if (error !== undefined) expect(error).toMatch(/ECONNREFUSED|ECONNRESET|socket hang up|aborted/);
    else expect(text).toContain('"code":"server_not_ready"');
    if (status === 503) expect(retryAfter).toBe('5');
    expect(text).not.toMatch(/\[DONE\]|"finish_reason":"/);
  }
  expect(lasts.some(({ status }) => status === 503)).toBe(true);
  if (server.process.exitCode === null) await once(server.process, 'exit');
  expect(server.process.exitCode).toBe(0);
}, 240_000);
