import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.js';
import { minillm } from './minillm.js';

test('a plan for GPUs: memory, step, run, table and picture, without a GPU', async () => {
  const picture = join(temporaryFolder(), 'scaling.svg');
  const { code, stdout } = await minillm('plan', '--hardware', 'h100', '--price', '2.5', '--out', picture);
  expect(code).toBe(0);
  for (const part of [
    /^the device has 80\.0 GB; the largest batch that fits is \d+ rows$/m,
    /^the run: 19,073 steps, 10\.0 B tokens$/m,
    /^gpt2-124m, 124,439,808 parameters, bf16, 8 × H100/,
    /^optimizer +996 MB$/m,
    /^exposed communication/m,
    /^cost {4}\d/m,
    /^data parallelism pays up to \d+ devices/m,
  ])
    expect(stdout).toMatch(part);
  expect(existsSync(picture)).toBe(true);
});

test('a small plan is in small numbers', async () => {
  const { stdout } = await minillm('plan', '--hardware', 'h100', '--gpus', '1', '--preset', 'tiny');
  expect(stdout).toMatch(/^the device has 80\.0 GB; a step’s 8 rows fit at once$/m);
  expect(stdout).toMatch(/^the run: 400 steps, 409,600 tokens$/m);
});

test('ZeRO-1 divides the optimizer among the devices', async () => {
  const optimizer = async (...more: string[]) =>
    JSON.parse((await minillm('plan', '--hardware', 'h100', '--json', ...more)).stdout).plan.memory.optimizer;
  expect(await optimizer('--zero', '1')).toBeCloseTo((await optimizer()) / 8, 0);
});

test('this machine is measured', async () => {
  const { code, stdout } = await minillm('plan', '--preset', 'tiny', '--json');
  expect(code).toBe(0);
  const { plan } = JSON.parse(stdout);
  expect(plan.tokensPerSecond).toBeGreaterThan(100);
  expect(plan).toMatchObject({ ranks: 1, batchSize: 8, microSteps: 1 });
});

test('a profile that lacks a field is refused by its name', async () => {
  const path = join(temporaryFolder(), 'gpu.json');
  writeFileSync(path, '{"name": "GPU"}');
  const { code, stderr } = await minillm('plan', '--hardware', path);
  expect([code, stderr]).toEqual([1, expect.stringContaining('gpu.json: peak')]);
});
