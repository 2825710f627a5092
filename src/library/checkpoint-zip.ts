/** @file A trained model as a zip of the Hugging Face folder that the command line would write. */

import { strToU8, Zip, ZipDeflate, ZipPassThrough } from 'fflate/browser';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { gpt2Tensors, gpt2Texts } from '../formats/gpt2-files.ts';
import { WEIGHTS_FILE } from '../formats/gpt2-weights.ts';
import { safetensorsBytes } from '../formats/safetensors-slices.ts';

/** @param tensors the parameters, by their canonical names */
export async function zipCheckpoint(
  folder: string,
  config: Gpt2Config,
  tensors: ReadonlyMap<string, Float32Array>,
): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const zip = new Zip((error, bytes) => {
    if (error) throw error;
    // a slice is valid until the next
    parts.push(bytes.slice());
  });
  // weights are as good as random: they do not get smaller
  const weights = new ZipPassThrough(`${folder}/${WEIGHTS_FILE}`);
  zip.add(weights);
  const sources = gpt2Tensors(config, (name, start, target) => {
    target.set(tensors.get(name)?.subarray(start, start + target.length) ?? []);
  });
  for await (const bytes of safetensorsBytes(sources)) weights.push(bytes);
  weights.push(new Uint8Array(0), true);
  for (const [name, text] of gpt2Texts(config)) {
    const file = new ZipDeflate(`${folder}/${name}`);
    zip.add(file);
    file.push(strToU8(text), true);
  }
  zip.end();
  return new Blob(parts, { type: 'application/zip' });
}
