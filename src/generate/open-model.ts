/** @file The one way to open a model that is run but not trained: weights, plans, memory check, session, loading. */

import { type DeviceOptions, openBackend } from '../backends/open.ts';
import type { ParameterLayout } from '../engine/layout.ts';
import type { Plan } from '../engine/plan.ts';
import type { Backend } from '../engine/runtime/backend.ts';
import { checkMemory } from '../engine/runtime/memory.ts';
import { Session, sessionBytes } from '../engine/runtime/session.ts';
import type { Target } from '../engine/target.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { UserError } from '../support/errors.ts';
import { VOCABULARY_SIZE } from '../support/gpt2-vocabulary.ts';
import { layoutForInference } from './programs.ts';
import { openWeights, type Weights } from './weights.ts';

/** The programs a model is opened for. */
export interface ModelPrograms<Name extends string> {
  plan(config: Gpt2Config, layout: ParameterLayout, target: Target): Readonly<Record<Name, Plan>>;
  /** What memory is needed for, in errors: "generating 8 texts". */
  readonly purpose: string;
  /** What to do when there is not enough. */
  readonly advice: string;
}

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

/**
 * Compiles programs on a backend and reads the weights for them.
 * @throws UserError when the device has not enough memory, saying how much is needed, or a file is damaged.
 */
export async function loadSession<Name extends string>(
  backend: Backend,
  { config, load }: Pick<Weights, 'config' | 'load'>,
  { plan, purpose, advice }: ModelPrograms<Name>,
): Promise<Session<Name>> {
  const layout = layoutForInference(config);
  const plans = plan(config, layout, backend);
  checkMemory(backend, sessionBytes(layout, Object.values(plans)), purpose, () => advice);
  const session = new Session(backend, layout, plans);
  await load(session);
  return session;
}

/** @throws UserError naming the model when its vocabulary is not GPT-2's. */
export function requireGpt2Vocabulary({ vocabularySize }: Pick<Gpt2Config, 'vocabularySize'>, name: string): void {
  if (vocabularySize < VOCABULARY_SIZE)
    throw new UserError(
      `${name}: expected a model with GPT-2's vocabulary of ${VOCABULARY_SIZE} tokens, found one of ${vocabularySize}`,
    );
}
