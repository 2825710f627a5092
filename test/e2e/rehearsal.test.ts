/**
 * @file The rehearsal of the recipe for GPT-2 124M, from texts on a hub to a published model, killed with its whole process group
 * in every stage: what it ends with must be what it ends with when it is left alone.
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Random } from '#minillm/support/random.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

const REHEARSAL = fileURLToPath(new URL('../../recipes/gpt2-124m-cpu-rehearsal.sh', import.meta.url));
const STAGES = ['doctor', 'data', 'plan', 'train', 'eval', 'report', 'export', 'publish', 'serve'];
/** A kill comes at most so many milliseconds after the stage has begun, or after what is awaited there. */
const MAX_AFTER = 500;
const AWAITED: Readonly<Record<string, RegExp>> = { doctor: /^ok +instruction sets/m, train: /^step 12 \| loss/m };

const random = new Random(Number(process.env.MINILLM_SEED ?? 1), 'kills');

interface Ending {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs stages, all by default; with `killIn` everything that they have started is killed in that stage. */
function rehearse(work: string, stages: readonly string[] = [], killIn?: string): Promise<Ending> {
  const env = { ...process.env, WORK: work, MILLIONS: '1' };
  const child = spawn(REHEARSAL, stages, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  let isDoomed = false;
  child.stdout.on('data', (text) => {
    stdout += text;
    if (killIn === undefined || isDoomed) return;
    if (!(AWAITED[killIn] ?? new RegExp(`^== ${killIn}$`, 'm')).test(stdout)) return;
    isDoomed = true;
    setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), MAX_AFTER * random.uniform());
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const sha256Of = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** What must be the same: shards, weights, moments, and what was measured but for its timings. */
function resultOf(work: string): Record<string, string> {
  const shards = readdirSync(join(work, 'data')).filter((name) => name.endsWith('.bin'));
  const files = [
    ...shards.map((name) => join('data', name)),
    ...['model.safetensors', 'optimizer.safetensors'].map((name) => join('run/step-00000019', name)),
  ];
  const metrics = readFileSync(join(work, 'run/metrics.jsonl'), 'utf8');
  return {
    ...Object.fromEntries(files.map((path) => [path, sha256Of(join(work, path))])),
    metrics: metrics.replace(/"(ms|tokensPerSecond|mfu)":[^,}]+/g, ''),
  };
}

test('the rehearsal, killed in every stage, goes from texts to a published model with the same bits as one left alone', {
  timeout: 1_200_000,
}, async () => {
  const [killed, alone] = [join(temporaryFolder(), 'killed'), join(temporaryFolder(), 'alone')];
  // each attempt goes on with the stage that the one before was killed in, until it is killed in the next
  for (const [index, stage] of STAGES.entries()) {
    const { code, stdout, stderr } = await rehearse(killed, STAGES.slice(Math.max(0, index - 1)), stage);
    expect({ stage, code, end: stdout.match(/^== \w+$/gm)?.at(-1) }, stderr).toEqual({
      ...{ stage, code: null, end: `== ${stage}` },
    });
  }
  const whole = await rehearse(killed);
  expect(whole.code, whole.stderr).toBe(0);
  expect(whole.stdout.match(/(?<=^== )\w+$/gm)).toEqual(STAGES);
  // trained, evaluated and published by the attempts before
  expect(whole.stdout).not.toMatch(/^step \d+ \| loss/m);
  expect(whole.stdout).toMatch(
    /^.*\/run\/step-00000019 +3,424,704 +9\.\d{4} .*\nhf:rehearsal\/gpt2 +3,424,704 +10\.8/m,
  );
  expect(whole.stdout).toMatch(
    /^validation loss at step 19 is 9\.\d{4}, expected 9\.9402 ± 0\.\d{4}: within the band$/m,
  );
  expect(whole.stdout).toMatch(/rehearsal\/reproduction has all of it already/);
  expect(whole.stdout).toMatch(/^200 "/m);
  const [server = ''] = /http:[/][/][\d.:]+/.exec(readFileSync(join(killed, 'results/serve.log'), 'utf8')) ?? [];
  await expect(fetch(server)).rejects.toThrow('fetch failed');

  const { code, stderr } = await rehearse(alone, ['data', 'train']);
  expect(code, stderr).toBe(0);
  expect(resultOf(killed)).toEqual(resultOf(alone));
  const published = join(killed, 'hub/models/rehearsal/reproduction/model.safetensors');
  expect(sha256Of(published)).toBe(sha256Of(join(alone, 'run/step-00000019/model.safetensors')));
});
