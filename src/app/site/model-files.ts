/** @file The files of one model of a site: its weights, in the type of the site, and its configuration. */

import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderGpt2Config } from '../../formats/gpt2-config.ts';
import type { Gpt2Weights } from '../../formats/gpt2-weights.ts';
import { openGpt2 } from '../../formats/open-gpt2.ts';
import { buildHeader } from '../../formats/safetensors-header.ts';
import { syncFile } from '../../support/files.ts';
import type { SiteWeights } from '../tab/site.ts';
import { convertedTensors } from './converted-tensors.ts';
import type { PlannedFile } from './site-plan.ts';

/**
 * Converts a model into a folder, which is made.
 * @param onBytes called with the bytes that have been written; what it throws ends the work
 * @throws UserError when the checkpoint is damaged; the system's error when it refuses
 */
export async function writeModelFiles(
  folder: string,
  { source, config }: PlannedFile,
  weights: SiteWeights,
  onBytes: (bytes: number) => void,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), renderGpt2Config(config));
  const from = await openGpt2(source);
  try {
    await writeWeights(join(folder, 'model.safetensors'), from, weights, onBytes);
  } finally {
    await from.close();
  }
}

async function writeWeights(
  path: string,
  from: Gpt2Weights,
  weights: SiteWeights,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const read = from.readInto.bind(from);
  const tensors = from.parameters.flatMap((parameter) => convertedTensors(parameter, weights));
  const file = await open(path, 'w');
  try {
    const header = buildHeader(tensors);
    await file.writeFile(header);
    let bytes = header.length;
    for (const tensor of tensors)
      for await (const piece of tensor.pieces(read)) {
        await file.writeFile(piece);
        bytes += piece.length;
        onBytes(bytes);
      }
    await syncFile(file);
  } finally {
    await file.close();
  }
}
