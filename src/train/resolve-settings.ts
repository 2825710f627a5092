/** @file From what the user gave to a run with nothing left open: its settings and the network. */

import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { readGpt2Shape } from '../formats/open-gpt2.ts';
import { PRESETS } from '../model/presets.ts';
import { listCheckpoints, resolveCheckpoint } from '../runs/checkpoints.ts';
import { readTrainingState } from '../runs/state.ts';
import { processorCount } from '../support/processors.ts';
import { withDefaults } from './defaults.ts';
import { type ChosenSettings, chooseSettings, forkedSettings, type GivenSettings, type Settings } from './settings.ts';

export interface ResolvedRun {
  readonly settings: Settings;
  readonly modelConfig: Gpt2Config;
}

/**
 * Flags win over the configuration file, and both over what the run starts from: a preset's defaults, or the settings of
 * a forked run. What is still open gets its default.
 * @param fetchWeights fetches the weights that a new run starts from, where `init` names a model of the hub
 * @throws UserError when settings are missing or contradict each other, or what they start from cannot be read.
 */
export async function resolveSettings(
  flags: GivenSettings,
  file: GivenSettings = {},
  fetchWeights: (init: string) => Promise<string> = resolveCheckpoint,
): Promise<ResolvedRun> {
  const out = flags.out ?? file.out;
  const [own] = out ? await listCheckpoints(out) : [];
  const fork = flags.fork ?? file.fork;
  // a fork that has checkpoints of its own no longer needs the other run
  const forked = fork ? await readTrainingState(own?.path ?? (await resolveCheckpoint(fork))) : undefined;
  const chosen = chooseSettings(flags, forked ? { ...forkedSettings(forked.configuration), ...file } : file);
  const { preset, init } = chosen;
  const startsFrom = async (): Promise<string> =>
    own?.path ?? (await resolveCheckpoint(init ? await fetchWeights(init) : (fork ?? '')));
  const modelConfig = preset ? PRESETS[preset] : await readGpt2Shape(await startsFrom());
  return { settings: completeSettings(chosen, modelConfig.contextLength), modelConfig };
}

/** Decides what is left open, for a model of this context length. */
export function completeSettings(chosen: ChosenSettings, contextLength: number): Settings {
  return withDefaults({ threads: processorCount(), ...chosen }, contextLength);
}
