/** @file Weights to open a model with, and those that training begins with. */

import type { Session } from '../engine/runtime/session.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { initialiseParameters } from '../model/parameters.ts';

/** The default seed of training. */
const SEED = 1337;

export interface Weights {
  /** The name to show. */
  readonly name: string;
  /** The folder, or the name of the untrained model. */
  readonly path: string;
  readonly config: Gpt2Config;
  /** Fills the parameters of a session whose layout is that of `config`. */
  load(session: Pick<Session<string>, 'write'>): Promise<void>;
  close(): Promise<void>;
}

/** The weights that training of a new model begins with. */
export function initialWeights(name: string, config: Gpt2Config, seed = SEED): Weights {
  const load: Weights['load'] = (session) => initialiseParameters(session, config, seed);
  return { name, path: name, config, load, close: async () => {} };
}
