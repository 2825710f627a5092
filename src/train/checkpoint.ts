/**
 * @file A checkpoint of a run: a Hugging Face GPT-2 folder with both AdamW moments and the state beside it. The tensors
 * are canonical (unpadded, in GPT-2's order), so a checkpoint fits any number of ranks.
 */

import { join } from 'node:path';
import type { Session } from '../engine/session.ts';
import { elements, type FlatBuffer } from '../engine/tensor.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { writeGpt2Folder } from '../formats/gpt2-folder.ts';
import { type Gpt2Parameter, gpt2Parameters } from '../formats/gpt2-parameters.ts';
import { SafetensorsFile } from '../formats/safetensors-reader.ts';
import { writeSafetensors } from '../formats/safetensors-writer.ts';
import { readParameter } from '../model/parameters.ts';
import { OPTIMIZER_FILE, stepFolder } from '../runs/checkpoints.ts';
import { type TrainingState, writeTrainingState } from '../runs/state.ts';
import { UserError } from '../support/errors.ts';
import { writeFolderAtomic } from '../support/files.ts';

type Memory = Pick<Session<string>, 'read' | 'write'>;

/** How the moments are named in `optimizer.safetensors`: behind the parameter's name. */
const MOMENTS = [
  { suffix: 'exp_avg', buffer: 'firstMoments' },
  { suffix: 'exp_avg_sq', buffer: 'secondMoments' },
] as const satisfies readonly { suffix: string; buffer: FlatBuffer }[];

/** Elements copied at once: 16 MB. */
const SLICE_ELEMENTS = 4 * 1024 * 1024;

/** Writes the checkpoint of `state.step` into the run folder, whole or not at all, and returns its path. */
export async function writeCheckpoint(
  runFolder: string,
  memory: Memory,
  config: Gpt2Config,
  state: TrainingState,
): Promise<string> {
  const path = stepFolder(runFolder, state.step);
  await writeFolderAtomic(path, async (folder) => {
    await writeGpt2Folder(folder, config, readParameter(memory));
    const tensors = gpt2Parameters(config).flatMap(({ name, shape }) =>
      MOMENTS.map(({ suffix, buffer }) => ({
        name: `${name}.${suffix}`,
        shape,
        dtype: 'F32' as const,
        read: (start: number, target: Float32Array) => memory.read(buffer, name, target, start),
      })),
    );
    await writeSafetensors(join(folder, OPTIMIZER_FILE), tensors);
    await writeTrainingState(folder, state);
  });
  return path;
}

/** Reads both moments of every parameter from a checkpoint. */
export async function loadMoments(memory: Memory, checkpoint: string, config: Gpt2Config): Promise<void> {
  const file = await SafetensorsFile.open(join(checkpoint, OPTIMIZER_FILE));
  try {
    const slice = new Float32Array(SLICE_ELEMENTS);
    for (const parameter of gpt2Parameters(config))
      for (const { suffix, buffer } of MOMENTS) {
        const name = `${parameter.name}.${suffix}`;
        checkMoment(file, name, parameter);
        const count = elements(parameter.shape);
        for (let start = 0; start < count; start += SLICE_ELEMENTS) {
          const part = slice.subarray(0, Math.min(SLICE_ELEMENTS, count - start));
          await file.readInto(name, start, part);
          memory.write(buffer, parameter.name, part, start);
        }
      }
  } finally {
    await file.close();
  }
}

function checkMoment(file: SafetensorsFile, name: string, { shape }: Gpt2Parameter): void {
  const found = file.tensors.get(name);
  if (found?.dtype === 'F32' && found.shape.join() === shape.join()) return;
  const what = found ? `${found.dtype} [${found.shape.join(', ')}]` : 'none';
  throw new UserError(`${file.path}: expected tensor ${name} F32 [${shape.join(', ')}], found ${what}`);
}
