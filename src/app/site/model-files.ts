/** @file The files of one model of a site: its weights, in the type of the site, and its configuration. */

import { createHash } from 'node:crypto';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderGpt2Config } from '../../formats/gpt2-config.ts';
import { type Gpt2Weights, WEIGHTS_FILE } from '../../formats/gpt2-weights.ts';
import { openGpt2 } from '../../formats/open-gpt2.ts';
import { buildHeader } from '../../formats/safetensors-header.ts';
import { syncFile } from '../../support/files.ts';
import { SLICE_BYTES } from '../../support/sliced-source.ts';
import type { SiteWeights } from '../tab/site.ts';
import { convertedTensors } from './converted-tensors.ts';
import type { PlannedFile } from './site-plan.ts';

/**
 * Converts a model into a folder, which is made.
 * @param onBytes called with the bytes that have been written; what it throws ends the work
 * @returns the SHA-256 of each slice of the file of weights
 * @throws UserError when the checkpoint is damaged; the system's error when it refuses
 */
export async function writeModelFiles(
  folder: string,
  { source, config }: PlannedFile,
  weights: SiteWeights,
  onBytes: (bytes: number) => void,
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), renderGpt2Config(config));
  const from = await openGpt2(source);
  try {
    return await writeWeights(join(folder, WEIGHTS_FILE), from, weights, onBytes);
  } finally {
    await from.close();
  }
}

async function writeWeights(
  path: string,
  from: Gpt2Weights,
  weights: SiteWeights,
  onBytes: (bytes: number) => void,
): Promise<string[]> {
  const read = from.readInto.bind(from);
  const tensors = from.parameters.flatMap((parameter) => convertedTensors(parameter, weights));
  const file = await open(path, 'w');
  try {
    const header = buildHeader(tensors);
    await file.writeFile(header);
    const hashes = new SliceHashes();
    hashes.add(header);
    for (const tensor of tensors)
      for await (const piece of tensor.pieces(read)) {
        await file.writeFile(piece);
        hashes.add(piece);
        onBytes(hashes.bytes);
      }
    await syncFile(file);
    return hashes.end();
  } finally {
    await file.close();
  }
}

/** The SHA-256 of each slice of what comes in pieces. */
class SliceHashes {
  /** In all. */
  bytes = 0;
  readonly #hashes: string[] = [];
  #hash = createHash('sha256');

  add(piece: Uint8Array): void {
    for (let done = 0; done < piece.length; ) {
      const part = piece.subarray(done, done + SLICE_BYTES - (this.bytes % SLICE_BYTES));
      this.#hash.update(part);
      done += part.length;
      this.bytes += part.length;
      if (this.bytes % SLICE_BYTES === 0) this.#next();
    }
  }

  end(): string[] {
    if (this.bytes % SLICE_BYTES > 0) this.#next();
    return this.#hashes;
  }

  #next(): void {
    this.#hashes.push(this.#hash.digest('hex'));
    this.#hash = createHash('sha256');
  }
}
