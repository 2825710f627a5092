import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { listCheckpoints, removeOldCheckpoints, resolveCheckpoint, stepFolder } from '#minillm/runs/checkpoints.js';
import { UserError } from '#minillm/support/errors.js';
import { temporaryPath } from '#minillm/support/files.js';
import { fakeHub } from '../hub/hubs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FILES = ['config.json', 'model.safetensors', 'optimizer.safetensors', 'state.json'];

function makeCheckpoint(path: string): void {
  mkdirSync(path);
  for (const name of FILES) writeFileSync(join(path, name), '');
}

/** A run folder with complete checkpoints of some steps. */
function runFolder(...steps: number[]): string {
  const folder = temporaryFolder();
  for (const step of steps) makeCheckpoint(stepFolder(folder, step));
  return folder;
}

test('step folders are named so that they sort', () => {
  expect(stepFolder('runs/a', 5000)).toBe(join('runs/a', 'step-00005000'));
  expect(stepFolder('', 123_456_789)).toBe('step-123456789');
});

test('lists complete checkpoints, newest first, and passes over everything else', async () => {
  const folder = runFolder(5000, 250, 123_456_789);
  makeCheckpoint(temporaryPath(stepFolder(folder, 6000)));
  makeCheckpoint(join(folder, 'step-7'));
  makeCheckpoint(stepFolder(folder, 8000));
  rmSync(join(stepFolder(folder, 8000), 'optimizer.safetensors'));
  writeFileSync(join(folder, 'metrics.jsonl'), '');
  writeFileSync(join(folder, 'step-00009000'), '');
  expect(await listCheckpoints(folder)).toEqual(
    [123_456_789, 5000, 250].map((step) => ({ step, path: stepFolder(folder, step) })),
  );
  expect(await listCheckpoints(join(folder, 'none'))).toEqual([]);
});

test('a run folder stands for its newest step; a step folder and a Hugging Face folder for themselves', async () => {
  const folder = runFolder(250, 500);
  writeFileSync(join(folder, 'config.json'), '');
  expect(await resolveCheckpoint(folder)).toBe(stepFolder(folder, 500));
  expect(await resolveCheckpoint(stepFolder(folder, 250))).toBe(stepFolder(folder, 250));
  expect(await resolveCheckpoint('test/fixtures/gpt2-tiny')).toBe('test/fixtures/gpt2-tiny');
});

test('an error says what was found instead of a checkpoint', async () => {
  const folder = temporaryFolder();
  const failure = resolveCheckpoint(join(folder, 'none'));
  await expect(failure).rejects.toThrow(UserError);
  await expect(failure).rejects.toThrow('found nothing there');
  await expect(resolveCheckpoint(folder)).rejects.toThrow('found an empty folder');
  writeFileSync(join(folder, 'metrics.jsonl'), '');
  await expect(resolveCheckpoint(folder)).rejects.toThrow('found metrics.jsonl');
  mkdirSync(temporaryPath(stepFolder(folder, 250)));
  await expect(resolveCheckpoint(folder)).rejects.toThrow('found 1 unfinished');
});

test('a file stands for itself', async () => {
  const path = join(temporaryFolder(), 'model.bin');
  writeFileSync(path, '');
  expect(await resolveCheckpoint(path)).toBe(path);
});

test('only the newest are kept', async () => {
  const folder = runFolder(1, 2, 3, 4);
  await removeOldCheckpoints(folder, 2, Number.MAX_SAFE_INTEGER);
  expect(readdirSync(folder).sort()).toEqual(['step-00000003', 'step-00000004']);
  await removeOldCheckpoints(folder, 5, Number.MAX_SAFE_INTEGER);
  expect(readdirSync(folder).length).toBe(2);
});

test('hf:OWNER/NAME means a folder that is fetched from the hub', async () => {
  const server = await fakeHub({ 'config.json': '{}', 'model.safetensors': 'weights' }, { kind: 'model' });
  vi.stubEnv('HF_ENDPOINT', server.url);
  vi.stubEnv('HF_TOKEN', 'none');
  vi.stubEnv('MINILLM_CACHE', temporaryFolder());
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const path = await resolveCheckpoint('hf:owner/name');
  expect(readdirSync(path).sort()).toEqual(['config.json', 'model.safetensors']);
  await expect(resolveCheckpoint('hf:owner/none')).rejects.toThrow(UserError);
});
