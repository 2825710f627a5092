/** @file A client at a socket of its own: what it does, and what comes back. */

import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FuzzFailure } from '../target.ts';
import type { Step } from './script.ts';
import type { ServerProcess } from './server-process.ts';

/** CPU time that a server may take for one request, and time on the clock. */
const MAX_CPU_MILLISECONDS = 8000;
const MAX_MILLISECONDS = 80_000;
const POLL_MILLISECONDS = 20;
/** Polls at which neither byte nor work is seen: then the client says that no more will come, and later that it is gone. */
const QUIET_POLLS = 2;
const LOST_POLLS = 10;
/** Of an answer; the rest is read and dropped. */
const MAX_ANSWER_BYTES = 1 << 20;

/**
 * Does what the steps say and reads until the server closes the connection, or has neither written nor worked for a while.
 * @param isWhole the server is to answer and close whatever the time it takes.
 * @throws FuzzFailure when it takes too long.
 */
export async function exchange(server: ServerProcess, steps: readonly Step[], isWhole = false): Promise<Buffer> {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  const pieces: Buffer[] = [];
  let received = 0;
  let quiet = 0;
  socket.on('data', (piece: Buffer) => {
    received += piece.length;
    if (received <= MAX_ANSWER_BYTES) pieces.push(piece);
  });
  socket.on('end', () => socket.end());
  // the server may close before everything is written
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  let isPlayed = false;
  const hasCome = (text: string): boolean => quiet >= QUIET_POLLS || Buffer.concat(pieces).includes(text, 0, 'latin1');
  void play(socket, steps, hasCome).then(() => {
    isPlayed = true;
  });

  const started = performance.now();
  const before = server.usage.cpuMilliseconds ?? 0;
  let seen = { received, cpu: before };
  let problem: FuzzFailure | undefined;
  const watching = setInterval(() => {
    const cpu = server.usage.cpuMilliseconds ?? 0;
    const isQuiet = received === seen.received && cpu === seen.cpu && !server.isWorking;
    quiet = isQuiet ? quiet + 1 : 0;
    seen = { received, cpu };
    if (cpu - before > MAX_CPU_MILLISECONDS) {
      problem = new FuzzFailure(`hang: the server works for more than ${MAX_CPU_MILLISECONDS} ms`);
      socket.destroy();
    } else if (performance.now() - started > MAX_MILLISECONDS) {
      problem = new FuzzFailure(`hang: the server leaves the connection open for more than ${MAX_MILLISECONDS} ms`);
      socket.destroy();
    } else if (isPlayed && quiet >= LOST_POLLS && !isWhole) socket.destroy();
    else if (isPlayed && quiet >= QUIET_POLLS && !isWhole && !socket.writableEnded) socket.end();
  }, POLL_MILLISECONDS);
  try {
    await closed;
  } finally {
    clearInterval(watching);
  }
  if (problem) throw problem;
  return Buffer.concat(pieces);
}

/** @param hasCome whether the server has written a text, or nothing more */
async function play(socket: Socket, steps: readonly Step[], hasCome: (text: string) => boolean): Promise<void> {
  // a socket that is reset while it connects never says that it is closed
  await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()));
  for (const step of steps) {
    if (socket.destroyed) return;
    if ('send' in step) {
      if (!socket.writableEnded) socket.write(step.send, 'latin1');
    } else if ('pause' in step) await sleep(step.pause);
    else if ('await' in step) while (!socket.destroyed && !hasCome(step.await)) await sleep(1);
    else if ('deaf' in step) {
      socket.pause();
      await sleep(step.deaf);
      socket.resume();
    } else if ('end' in step) socket.end();
    // what has said its end cannot be reset any more
    else if (socket.writableEnded) socket.destroy();
    else socket.resetAndDestroy();
  }
}

/** Status and body of an answer; undefined for what is none. */
export function parseAnswer(answer: Buffer): { readonly status: number; readonly body: string } | undefined {
  const text = answer.toString('latin1');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  const end = text.indexOf('\r\n\r\n');
  if (status === undefined || end < 0) return undefined;
  const body = text.slice(end + 4);
  const isChunked = /^transfer-encoding: chunked$/im.test(text.slice(0, end));
  return { status: Number(status), body: isChunked ? joinChunks(body) : body };
}

function joinChunks(body: string): string {
  let joined = '';
  for (let start = 0; ; ) {
    const end = body.indexOf('\r\n', start);
    const length = Number.parseInt(body.slice(start, end), 16);
    if (end < 0 || !(length > 0)) return joined;
    joined += body.slice(end + 2, end + 2 + length);
    start = end + 2 + length + 2;
  }
}
