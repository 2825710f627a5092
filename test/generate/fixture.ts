/** @file The reference model of `test/fixtures/gpt2-tiny`, loaded for generation. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { Session } from '#minillm/engine/runtime/session.js';
import { openGpt2Folder } from '#minillm/formats/gpt2-folder.js';
import { openSafetensors } from '#minillm/formats/open-safetensors.js';
import { type GenerationExtents, layoutForInference, planGeneration } from '#minillm/generate/programs.js';
import { loadParameters } from '#minillm/model/parameters.js';
import { openBest } from '../engine/devices.ts';

export const FIXTURE = fileURLToPath(new URL('../fixtures/gpt2-tiny', import.meta.url));
export const CONTEXT = 24;
export const VOCABULARY = 500;

/** A session with the fixture's weights and the programs of generation, until the test ends. */
export async function openFixture(extents: Partial<GenerationExtents> = {}) {
  const { streams = 3, positions = CONTEXT, promptLength = CONTEXT, precision = 'fp32', copies } = extents;
  const backend = await openBest({ threads: 2, precision });
  onTestFinished(() => backend.close());
  const folder = await openGpt2Folder(FIXTURE);
  const layout = layoutForInference(folder.config);
  const plans = planGeneration(folder.config, layout, backend, { streams, positions, promptLength, precision, copies });
  const session = new Session(backend, layout, { ...plans });
  await loadParameters(session, folder);
  await folder.close();
  const [prefill, decode, pack] = [session.program('prefill'), session.program('decode'), session.program('pack')];
  return { backend, session, programs: { prefill, decode, pack } };
}

/** The first batch of the fixture: its rows of 24 tokens, and PyTorch's float64 logits of each position. */
export async function firstBatch(): Promise<{ tokens: Int32Array[]; logits: Float32Array[][] }> {
  const bytes = await readFile(`${FIXTURE}/batches.safetensors`);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const rows = [0, 1].map((row) =>
    Int32Array.from({ length: CONTEXT }, (_, position) =>
      bytes.readInt32LE(start + 4 * (row * (CONTEXT + 1) + position)),
    ),
  );
  const expected = await openSafetensors(`${FIXTURE}/expected.safetensors`);
  const all = await expected.read('logits');
  await expected.close();
  const logits = rows.map((_, row) =>
    Array.from({ length: CONTEXT }, (_, position) => {
      const at = (row * CONTEXT + position) * VOCABULARY;
      return all.subarray(at, at + VOCABULARY);
    }),
  );
  return { tokens: rows, logits };
}

/** The largest difference between two lists of numbers. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)), 0);
}
