/** @file Weights and the programs that use them in one session, on a device that is open. */

import type { ParameterLayout } from '../engine/layout.ts';
import type { Plan } from '../engine/plan.ts';
import type { Backend } from '../engine/runtime/backend.ts';
import { checkMemory } from '../engine/runtime/memory.ts';
import { Session, sessionBytes } from '../engine/runtime/session.ts';
import type { Target } from '../engine/target.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { UserError } from '../support/errors.ts';
import { VOCABULARY_SIZE } from '../support/gpt2-vocabulary.ts';
import type { Weights } from './initial-weights.ts';
import { layoutForInference } from './programs.ts';

/** The programs a model is opened for. */
export interface ModelPrograms<Name extends string> {
  plan(config: Gpt2Config, layout: ParameterLayout, target: Target): Readonly<Record<Name, Plan>>;
  /** What memory is needed for, in errors: "generating 8 texts". */
  readonly purpose: string;
  /** What to do when there is not enough. */
  readonly advice: string;
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
