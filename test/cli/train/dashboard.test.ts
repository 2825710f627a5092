import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { fixtureTraining } from '../fixture-run.ts';
import { BIN, minillm } from '../minillm.ts';

/** A port that another program listens at until the test ends. */
async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('a port that was asked for and is taken is an error before anything is trained', async () => {
  const out = join(temporaryFolder(), 'run');
  const port = await takenPort();
  const { code, stdout, stderr } = await minillm(...(await fixtureTraining(out, 3)), '--dashboard', `${port}`);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toBe(
    `minillm: http://127.0.0.1:${port}/: could not serve there (another program listens there; choose another --port)\n`,
  );
  expect(existsSync(out)).toBe(false);
});

test('a run with a dashboard prints its address and ends by itself', async () => {
  const out = join(temporaryFolder(), 'run');
  const { code, stdout, stderr } = await minillm(...(await fixtureTraining(out, 3)), '--dashboard', '0');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^dashboard: http:\/\/127\.0\.0\.1:\d+\/\nmodel: /);
});

/** Makes a server that runs in a thread fail at its first request. */
const FAILING_SERVER = `data:text/javascript,${encodeURIComponent(`
  import { Server } from 'node:http';
  const { emit } = Server.prototype;
  if (process.send) Server.prototype.emit = function (name, ...rest) {
    if (name === 'request') process.nextTick(() => { throw new Error('planted'); });
    return emit.call(this, name, ...rest);
  };
`)}`;

test('a dashboard that fails says so and does not end the run', async () => {
  const args = await fixtureTraining(join(temporaryFolder(), 'run'), 150);
  const child = spawn(process.execPath, ['--import', FAILING_SERVER, BIN, ...args, '--dashboard', '0']);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    const [, url] = /^dashboard: (\S+)/.exec(line) ?? [];
    if (url) fetch(url).catch(() => {});
  }
  if (child.exitCode === null) await once(child, 'close');
  expect(child.exitCode).toBe(0);
  expect(lines).toContain('the dashboard stopped with an error; training continues: planted');
  expect(lines.filter((line) => line.includes('| loss:'))).toHaveLength(150);
});

test('minillm dashboard refuses what can hold no run, and says what to give', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'metrics.jsonl');
  writeFileSync(file, '');
  expect(await minillm('dashboard', file)).toMatchObject({
    code: 1,
    stderr: `minillm: ${file}: expected a run folder, found a file; give the folder it is in\n`,
  });
  const missing = join(folder, 'missing');
  expect(await minillm('dashboard', missing)).toMatchObject({
    code: 1,
    stderr: `minillm: ${missing}: expected a run folder, found nothing; \`minillm train --out ${missing}\` makes one\n`,
  });
});

test('minillm dashboard waits for a run that has not begun', async () => {
  const folder = temporaryFolder();
  const child = spawn(process.execPath, [BIN, 'dashboard', folder, '--port', '0']);
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe(`${folder}: no metrics.jsonl yet; the run appears once it begins`);
  expect((await lines.next()).value).toMatch(/^dashboard: http:/);
});
