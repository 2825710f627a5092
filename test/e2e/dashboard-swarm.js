/**
 * @file Opens many streams of a dashboard at once, some of which are never read, and prints the memory of the process that
 * serves it: before, at its highest while they are there, and after they have left.
 *
 *   npm run build && node test/e2e/dashboard-swarm.js [--clients 200] [--silent 100] [--seconds 20] [--bin bin/minillm.js] \
 *     -- dashboard out/run
 *
 * After `--` comes a command that serves a dashboard: `dashboard RUN…`, or `train … --dashboard`. It is ended after the
 * clients, unless it ends by itself (`--wait`). Reads /proc, so Linux only.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: flags, positionals: command } = parseArgs({
  allowPositionals: true,
  options: {
    clients: { type: 'string', default: '200' },
    silent: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '20' },
    bin: { type: 'string', default: fileURLToPath(new URL('../../bin/minillm.js', import.meta.url)) },
    wait: { type: 'boolean', default: false },
  },
});
const [clients, silent, seconds] = [flags.clients, flags.silent, flags.seconds].map(Number);
/** How long memory is watched before and after. */
const QUIET_SECONDS = 8;

const child = spawn(process.execPath, [flags.bin, ...command, ...(command[0] === 'dashboard' ? ['--port', '0'] : [])], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const ended = once(child, 'close');
try {
  const port = await dashboardPort();
  await sleep(1000 * QUIET_SECONDS);
  console.log(`before: ${mebibytes('VmRSS')} MiB`);
  const opened = Array.from({ length: clients }, (_, index) => openStream(port, (index * silent) % clients < silent));
  await sleep(1000 * seconds);
  console.log(`with ${clients} clients, ${silent} of them never read: ${mebibytes('VmHWM')} MiB at its highest`);
  for (const status of new Set(opened.map(({ status }) => status)))
    console.log(`  ${opened.filter((stream) => stream.status === status).length} answered ${status || 'nothing'}`);
  console.log(`  ${Math.round(opened.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20)} MiB were read`);
  for (const { socket } of opened) socket.destroy();
  await sleep(1000 * QUIET_SECONDS);
  console.log(`${QUIET_SECONDS} s after they left: ${mebibytes('VmRSS')} MiB`);
  if (flags.wait) await ended;
} finally {
  child.kill('SIGKILL');
}

/** Where the command serves; its other lines are read and dropped. */
function dashboardPort() {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, port] = /^dashboard: http:\/\/[^:]+:(\d+)/.exec(line) ?? [];
      if (port) resolve(Number(port));
    });
    ended.then(() => reject(new Error('the command ended without a dashboard')), reject);
  });
}

/** A stream; one that is silent is asked for and never read. */
function openStream(port, isSilent) {
  const socket = connect(port, '127.0.0.1');
  const stream = { socket, status: '', bytes: 0 };
  socket.on('error', () => {});
  socket.write('GET /app/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  if (isSilent) {
    // as much as one reading gives, which holds the status
    socket.once('readable', () => {
      stream.status = statusOf(socket.read(12));
    });
  } else {
    socket.on('data', (data) => {
      stream.status ||= statusOf(data);
      stream.bytes += data.length;
    });
  }
  return stream;
}

function statusOf(data) {
  return /^HTTP\/1\.1 (\d+)/.exec(data?.toString('latin1') ?? '')?.[1] ?? '';
}

/** A figure of /proc/PID/status. */
function mebibytes(name) {
  if (child.exitCode !== null || child.signalCode !== null)
    throw new Error('the command ended while clients were still reading; give it more steps, or fewer --seconds');
  const [, kibibytes] =
    new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kibibytes) / 1024);
}
