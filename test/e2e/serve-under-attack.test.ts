/**
 * `minillm serve` with good clients and hostile ones at the same time. SERVE_CLIENTS and SERVE_SECONDS make it a load test, whose
 * figures are printed; CHECKPOINT serves a model of one's own.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BIN } from '../cli/minillm.ts';
import { complete, hostileRequests, send } from './hostile-requests.ts';

const CLIENTS = Number(process.env.SERVE_CLIENTS ?? 12);
const SECONDS = Number(process.env.SERVE_SECONDS ?? 0);
const CHECKPOINT = process.env.CHECKPOINT ?? 'untrained:tiny';
const CONTEXT_LENGTH = Number(process.env.CONTEXT_LENGTH ?? 128);

let server: ChildProcess;
let port: number;
let log = '';
beforeAll(async () => {
  const flags = ['--checkpoint', CHECKPOINT, '--port', '0', '--threads', '1'];
  server = spawn(process.execPath, [BIN, 'serve', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  server.stderr?.on('data', (data) => {
    log += data;
  });
  for await (const line of createInterface({ input: server.stdout! })) {
    port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
    if (port > 0) break;
  }
});
afterAll(async () => {
  if (server.exitCode !== null) return;
  server.kill('SIGKILL');
  await once(server, 'exit');
});

/** Megabytes that the server has in memory, where the system says; else 0. */
function residentMegabytes(field: 'VmRSS' | 'VmHWM'): number {
  if (process.platform !== 'linux') return 0;
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}

/** A request of its own for each client; the answer does not depend on what else is done. */
const goodRequest = (client: number) => ({
  prompt: [
    `Once upon a time there was number ${client}`,
    Array.from({ length: 5 + (client % 20) }, (_, id) => 100 * id),
  ],
  max_tokens: 2 + (client % 7),
  ...(client % 2 === 0 ? { temperature: 0, logprobs: 2, echo: true } : { seed: client, n: 2, top_k: 40 }),
});

const choicesOf = (text: string): unknown => (JSON.parse(text) as { choices: unknown }).choices;

test(
  'every good answer is right while hostile requests come, and none of those costs much',
  async () => {
    const expected: unknown[] = [];
    for (let client = 0; client < CLIENTS; client++) {
      const { status, text } = await complete(port, goodRequest(client));
      expect(status, text).toBe(200);
      expected.push(choicesOf(text));
    }
    // idle is a server whose programs have all run at their full extents
    const longest = Array.from({ length: CONTEXT_LENGTH - 1 }, (_, id) => 30_000 + id);
    await complete(port, { prompt: longest, max_tokens: 1, logprobs: 20, echo: true });
    const idle = residentMegabytes('VmRSS');
    const end = performance.now() + 1000 * SECONDS;
    const isEnded = (): boolean => performance.now() >= end;
    const counts = { good: 0, refused: 0, hostile: 0 };
    const hostile = hostileRequests(CONTEXT_LENGTH);

    async function goodClient(client: number): Promise<void> {
      do {
        const { status, text } = await complete(port, goodRequest(client));
        if (status === 503) {
          counts.refused++;
          await sleep(200);
          continue;
        }
        expect(status, text).toBe(200);
        expect(choicesOf(text)).toEqual(expected[client]);
        counts.good++;
      } while (!isEnded());
    }
    async function hostileClient(): Promise<void> {
      do {
        for (const { name, pieces, status, says } of hostile) {
          const answer = await send(port, pieces);
          expect([name, answer.status], answer.text).toEqual([name, status]);
          expect(answer.text, name).toMatch(says);
          counts.hostile++;
        }
        await unfinished();
      } while (!isEnded());
    }
    /** Clients that send half of a request, leave while they are answered, or do not take their answer. */
    async function unfinished(): Promise<void> {
      const text = JSON.stringify({ prompt: [1, 2, 3], max_tokens: CONTEXT_LENGTH - 3, n: 8 });
      const longest = Array.from({ length: CONTEXT_LENGTH - 1 }, (_, id) => 30_000 + id);
      const scoring = JSON.stringify({ prompt: Array(8).fill(longest), max_tokens: 0, logprobs: 20, echo: true });
      const head = `POST /v1/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: `;
      const sockets = [
        `${head}1000\r\n\r\n{`,
        'GET /health HTTP/1.1\r\nx:',
        `${head}${text.length}\r\n\r\n${text}`,
        `${head}${scoring.length}\r\n\r\n${scoring}`,
      ].map((bytes) => {
        const socket = connect(port, '127.0.0.1').on('error', () => {});
        socket.pause();
        socket.write(bytes);
        return socket;
      });
      await sleep(50);
      for (const socket of sockets) socket.destroy();
    }
    const healthMilliseconds: number[] = [];
    let isOver = false;
    async function watch(): Promise<void> {
      while (!isOver) {
        const start = performance.now();
        const { status } = await send(port, ['GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n']);
        expect(status).toBe(200);
        healthMilliseconds.push(performance.now() - start);
        await sleep(10);
      }
    }
    const watching = watch();
    await Promise.all([
      ...Array.from({ length: CLIENTS }, (_, client) => goodClient(client)),
      ...Array.from({ length: 4 }, hostileClient),
    ]);
    isOver = true;
    await watching;

    const [now, peak] = [residentMegabytes('VmRSS'), residentMegabytes('VmHWM')];
    healthMilliseconds.sort((a, b) => a - b);
    const quantile = (share: number): string =>
      `${healthMilliseconds[Math.floor(share * (healthMilliseconds.length - 1))]?.toFixed(0)} ms`;
    if (SECONDS > 0)
      console.log(counts, {
        ...{ health: healthMilliseconds.length, median: quantile(0.5), p99: quantile(0.99), worst: quantile(1) },
        ...{ idle, now, peak },
      });
    expect(log).toBe('');
    expect(peak - idle).toBeLessThan(150);
    expect(counts.good).toBeGreaterThanOrEqual(1);
  },
  60_000 + 1000 * SECONDS,
);
