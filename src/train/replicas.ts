/** @file Whether all ranks hold the same weights, to the bit. */

import { elements } from '../engine/tensor.ts';
import { gpt2Parameters } from '../formats/gpt2-parameters.ts';
import { hexadecimal } from '../support/hex.ts';
import { agreeOn } from './agreement.ts';
import type { TrainingModel } from './training-model.ts';

/** Elements hashed at once: 16 MB. The hash of all weights is that of the slices' hashes. */
const SLICE_ELEMENTS = 4 * 1024 * 1024;

/**
 * Compares the sha256 of all weights over the ranks.
 * @throws SharedError naming the ranks that differ.
 */
export async function checkReplicas(model: TrainingModel, step: number): Promise<void> {
  if (model.communicator.size === 1) return;
  const hashes: number[] = [];
  const slice = new Float32Array(SLICE_ELEMENTS);
  for (const { name, shape } of gpt2Parameters(model.config)) {
    const count = elements(shape);
    for (let start = 0; start < count; start += SLICE_ELEMENTS) {
      const part = slice.subarray(0, Math.min(SLICE_ELEMENTS, count - start));
      await model.session.read('parameters', name, part, start);
      hashes.push(...(await sha256(part)));
    }
  }
  const advice = `the weights diverged before step ${step}: look for a faulty machine, and restart from the last checkpoint`;
  const hash = await sha256(Uint8Array.from(hashes));
  const shown = hexadecimal(hash.subarray(0, 8));
  await agreeOn(model.communicator, { 'sha256 of the weights': shown }, advice);
}

async function sha256(values: Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', values));
}
