/** @file The tensors of a checkpoint, as a model in training gives them: canonical, unpadded, in GPT-2's order. */

import type { Communicator } from '../engine/runtime/communicator.ts';
import type { Session } from '../engine/runtime/session.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { gpt2Parameters } from '../formats/gpt2-parameters.ts';
import { readSlices, type TensorSource } from '../formats/safetensors-slices.ts';
import { readState } from './optimizer-state.ts';
import type { Optimizer } from './optimizers/optimizer.ts';

/** What a checkpoint holds besides the state of the run. */
export interface CheckpointedModel {
  readonly session: Pick<Session<string>, 'read' | 'write'>;
  readonly config: Gpt2Config;
  readonly optimizer: Pick<Optimizer, 'groupOf'>;
}

/** One of the ranks that hold a model, and perhaps each a part of the optimizer's state. */
export interface CheckpointedReplica extends CheckpointedModel {
  readonly session: Pick<Session<string>, 'read' | 'write' | 'layout'>;
  readonly communicator: Pick<Communicator, 'rank' | 'broadcast'>;
}

/** The optimizer's state, each tensor named after its parameter. */
export function stateTensors(model: CheckpointedReplica): TensorSource[] {
  return gpt2Parameters(model.config).flatMap(({ name, shape }) =>
    model.optimizer.groupOf({ name, shape }).state.map(({ suffix, buffer }) => ({
      name: `${name}.${suffix}`,
      shape,
      dtype: 'F32' as const,
      read: (start: number, target: Float32Array) => readState(model, buffer, name, target, start),
    })),
  );
}

/** What a rank does while another writes a checkpoint: it gives its part of the optimizer's state, if it has its own. */
export async function contributeToCheckpoint(model: CheckpointedReplica): Promise<void> {
  if (model.session.layout.shard.size === 1) return;
  for await (const _ of readSlices(stateTensors(model)));
}
