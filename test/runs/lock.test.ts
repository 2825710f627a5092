import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { enterRunFolder, lockRunFolder, trainerOf } from '#minillm/runs/lock.js';
import { UserError } from '#minillm/support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

const lockFile = (folder: string) => join(folder, 'trainer.lock');

function lock(folder: string) {
  const held = lockRunFolder(folder);
  onTestFinished(() => held.release());
  return held;
}

/** A process that tries to hold the lock of `folder` until it is killed: `held`, or the error that it got. */
async function otherProcess(folder: string): Promise<{ child: ChildProcess; said: string }> {
  const script = `
    const { lockRunFolder } = await import('#minillm/runs/lock.js');
    try { lockRunFolder(${JSON.stringify(folder)}); console.log('held'); } catch (error) { console.log(String(error)); }
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = await once(child.stdout!, 'data');
  return { child, said: String(said).trim() };
}

test('is held by one, and free again after release', () => {
  const folder = temporaryFolder();
  const first = lock(folder);
  expect(() => lockRunFolder(folder)).toThrow(UserError);
  expect(() => lockRunFolder(folder)).toThrow(`being trained by process ${process.pid}; stop it`);
  expect(readdirSync(folder)).toEqual(['trainer.lock']);
  first.release();
  first.release();
  expect(readdirSync(folder)).toEqual([]);
  lock(folder);
});

test('another process is kept out while this one holds it, and this one while the other does', async () => {
  const folder = temporaryFolder();
  const held = lock(folder);
  expect((await otherProcess(folder)).said).toContain(`being trained by process ${process.pid}`);
  held.release();
  const { child, said } = await otherProcess(folder);
  expect(said).toBe('held');
  expect(() => lockRunFolder(folder)).toThrow(`being trained by process ${child.pid}`);
});

test('the lock of a process that was killed is taken over', async () => {
  const folder = temporaryFolder();
  const { child } = await otherProcess(folder);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(existsSync(lockFile(folder))).toBe(true);
  lock(folder);
  expect(JSON.parse(readFileSync(lockFile(folder), 'utf8')).pid).toBe(process.pid);
});

test('of many processes that find a stale lock at once, one takes it', async () => {
  const folder = temporaryFolder();
  writeFileSync(lockFile(folder), '');
  const others = await Promise.all(Array.from({ length: 6 }, () => otherProcess(folder)));
  expect(others.filter(({ said }) => said === 'held').length).toBe(1);
});

test.runIf(process.platform === 'linux')('a pid that is used again does not hold the lock of its predecessor', () => {
  const folder = temporaryFolder();
  lock(folder).release();
  lock(folder);
  const holder = JSON.parse(readFileSync(lockFile(folder), 'utf8'));
  expect(holder.startTime).toMatch(/^\d+$/);
  writeFileSync(lockFile(folder), JSON.stringify({ ...holder, startTime: '1' }));
  lock(folder);
});

test('where start times are not known, a running pid holds its lock and an unused one does not', () => {
  const folder = temporaryFolder();
  const first = lockRunFolder(folder);
  const holder = JSON.parse(readFileSync(lockFile(folder), 'utf8'));
  first.release();
  writeFileSync(lockFile(folder), JSON.stringify({ ...holder, startTime: null }));
  expect(() => lockRunFolder(folder)).toThrow(UserError);
  // above the greatest pid of Linux (2^22)
  writeFileSync(lockFile(folder), JSON.stringify({ ...holder, pid: 2 ** 30, startTime: null }));
  lock(folder);
});

test('a process on another host holds its lock as long as it touches it', () => {
  const folder = temporaryFolder();
  writeFileSync(lockFile(folder), JSON.stringify({ pid: 7, host: 'node-9.example', startTime: '5' }));
  expect(() => lockRunFolder(folder)).toThrow('being trained by process 7 on node-9.example');
  const longAgo = Date.now() / 1000 - 200;
  utimesSync(lockFile(folder), longAgo, longAgo);
  lock(folder);
});

test('a run folder that does not exist is named', () => {
  expect(() => lockRunFolder(join(temporaryFolder(), 'none'))).toThrow('trainer.lock: could not write it (ENOENT');
});

test('who trains a run is known while the process lives, and only then', () => {
  const folder = temporaryFolder();
  expect(trainerOf(folder)).toBeUndefined();
  const held = lockRunFolder(folder);
  expect(trainerOf(folder)).toBe(`process ${process.pid}`);
  const holder = JSON.parse(readFileSync(lockFile(folder), 'utf8'));
  held.release();
  writeFileSync(lockFile(folder), JSON.stringify({ ...holder, pid: 2 ** 30, startTime: null }));
  expect(trainerOf(folder)).toBeUndefined();
});

test('a run folder that was made and not written to is removed, with those above it; one that was there stays', async () => {
  const folder = temporaryFolder();
  const leave = await enterRunFolder(join(folder, 'out', 'run'));
  await expect(enterRunFolder(join(folder, 'out', 'run'))).rejects.toThrow('being trained by');
  expect(existsSync(lockFile(join(folder, 'out', 'run')))).toBe(true);
  await leave();
  expect(readdirSync(folder)).toEqual([]);

  const leaveWritten = await enterRunFolder(join(folder, 'out', 'run'));
  writeFileSync(join(folder, 'out', 'run', 'run.json'), '{}');
  await leaveWritten();
  expect(readdirSync(join(folder, 'out', 'run'))).toEqual(['run.json']);

  const empty = temporaryFolder();
  await (await enterRunFolder(empty))();
  expect(existsSync(empty)).toBe(true);
});
