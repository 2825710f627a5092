/** The contract with backends: one whose memory the host cannot follow trains, evaluates, generates and saves the bits of the CPU's. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCpuBackend } from '#minillm/backends/cpu/backend.js';
import type { Backend } from '#minillm/engine/runtime/backend.js';
import { generationPrograms } from '#minillm/generate/generation-programs.js';
import { Generator } from '#minillm/generate/generator.js';
import { loadSession } from '#minillm/generate/load-session.js';
import { openWeights } from '#minillm/generate/weights.js';
import { readMetrics } from '#minillm/runs/metrics.js';
import { DistantBackend } from '../stand-ins/distant-backend.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { FIXTURE, fixtureShards, runOn } from './run-on.ts';

const STEPS = 6;
const TIMES = { ms: 0, tokensPerSecond: 0, mfu: 0 };

/** What a run leaves: its lines without timings, and the tensors of its last checkpoint. */
async function trained(backend: Backend, data: string, precision: 'fp32' | 'bf16') {
  const out = join(temporaryFolder(), 'run');
  await runOn({
    backend,
    settings: {
      data,
      out,
      precision,
      batchSize: 2,
      totalBatchSize: 96,
      steps: STEPS,
      evalEvery: 3,
      checkpointEvery: 3,
    },
  });
  const lines = (await readMetrics(out)).map((line) => (line.kind === 'train' ? { ...line, ...TIMES } : line));
  const file = (name: string): Buffer => readFileSync(join(out, `step-${String(STEPS).padStart(8, '0')}`, name));
  return { lines, weights: file('model.safetensors'), optimizer: file('optimizer.safetensors') };
}

async function generated(backend: Backend, precision: 'fp32' | 'bf16'): Promise<number[][]> {
  const folder = await openWeights(FIXTURE);
  try {
    const extents = {
      streams: 2,
      positions: 24,
      promptLength: 4,
      precision,
      copies: precision === 'bf16' ? 'bf16' : undefined,
    } as const;
    const generator = new Generator(await loadSession(backend, folder, generationPrograms(extents)));
    const prompts = [[1, 2, 3, 4, 5, 6], [7], [8, 9]];
    return await generator.complete({ prompts, tokens: 12, temperature: 1, topK: 0, topP: 1, seed: 3 });
  } finally {
    await folder.close();
  }
}

async function withBackends(
  precision: 'fp32' | 'bf16',
  work: (near: Backend, far: DistantBackend) => Promise<void>,
): Promise<void> {
  const near = await openCpuBackend({ precision, threads: 2 });
  const far = new DistantBackend(await openCpuBackend({ precision, threads: 2 }));
  try {
    await work(near, far);
  } finally {
    await near.close();
    await far.close();
  }
}

describe.each(['fp32', 'bf16'] as const)('in %s', (precision) => {
  test('a run with evaluations and checkpoints leaves the same bits', async () => {
    const data = await fixtureShards();
    await withBackends(precision, async (near, far) => {
      const [expected, found] = [await trained(near, data, precision), await trained(far, data, precision)];
      expect(found.lines).toEqual(expected.lines);
      expect(found.lines.some((line) => line.kind === 'eval' && Number.isFinite(line.validationLoss))).toBe(true);
      expect(found.weights.equals(expected.weights)).toBe(true);
      expect(found.optimizer.equals(expected.optimizer)).toBe(true);
      expect(far.overlapped, 'something was not awaited').toBe(false);
    });
  });

  test('generation gives the same tokens', async () => {
    await withBackends(precision, async (near, far) => {
      expect(await generated(far, precision)).toEqual(await generated(near, precision));
      expect(far.overlapped, 'something was not awaited').toBe(false);
    });
  });
});
