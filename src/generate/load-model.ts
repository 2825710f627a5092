/** @file A model to generate with, from a Hugging Face folder. */

import type { Backend } from '../engine/runtime/backend.ts';
import { checkMemory } from '../engine/runtime/memory.ts';
import { Session, sessionBytes } from '../engine/runtime/session.ts';
import type { Gpt2Folder } from '../formats/gpt2-folder.ts';
import { loadParameters } from '../model/parameters.ts';
import { Generator } from './generator.ts';
import { type GenerationExtents, layoutForInference, planGeneration } from './programs.ts';

/**
 * Reads the folder's parameters onto the device and compiles the programs of generation.
 * @param backend opened for `extents.precision`
 * @throws UserError when the device has not enough memory, saying how much is needed, or a file is damaged.
 */
export async function loadGenerator(
  backend: Backend,
  folder: Gpt2Folder,
  extents: GenerationExtents,
): Promise<Generator> {
  const { config } = folder;
  const layout = layoutForInference(config);
  const plans = planGeneration(config, layout, backend, extents);
  const { streams, positions } = extents;
  checkMemory(
    backend,
    sessionBytes(layout, Object.values(plans)),
    `generating ${streams} texts of ${positions} tokens at once`,
    () => 'generate fewer or shorter ones',
  );
  const session = new Session(backend, layout, { ...plans });
  await loadParameters(session, folder);
  return new Generator(session);
}
