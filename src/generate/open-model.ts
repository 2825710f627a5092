/** @file The one way to open a model that is run but not trained: weights, plans, memory check, session, loading. */

import { type DeviceOptions, openBackend } from '../backends/open.ts';
import type { Session } from '../engine/runtime/session.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { loadSession, type ModelPrograms, requireGpt2Vocabulary } from './load-session.ts';
import { openWeights } from './weights.ts';

export interface OpenModel<Name extends string> {
  /** The folder the weights come from. */
  readonly path: string;
  readonly config: Gpt2Config;
  /** The device for a person. */
  readonly device: string;
  readonly session: Session<Name>;
  /** Frees the device. */
  close(): Promise<void>;
}

/**
 * Opens a model on a device of its own.
 * @param checkpoint see `openWeights` @param programsOf the programs for a model of this size
 * @throws UserError when there is no such model, its vocabulary is not GPT-2's, or there is not enough memory.
 */
export async function openModel<Name extends string>(
  checkpoint: string,
  options: DeviceOptions,
  programsOf: (config: Gpt2Config) => ModelPrograms<Name>,
): Promise<OpenModel<Name>> {
  const weights = await openWeights(checkpoint);
  try {
    const { path, config } = weights;
    requireGpt2Vocabulary(config, path);
    const programs = programsOf(config);
    const backend = await openBackend(options);
    try {
      const session = await loadSession(backend, weights, programs);
      return { path, config, device: backend.description, session, close: () => backend.close() };
    } catch (cause) {
      await backend.close();
      throw cause;
    }
  } finally {
    await weights.close();
  }
}
