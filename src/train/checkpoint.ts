/**
 * @file A checkpoint of a run: a Hugging Face GPT-2 folder that also holds the state of the optimizer and of the run. Its
 * tensors are canonical (unpadded, in GPT-2's order), so a checkpoint fits any number of ranks.
 */

import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import { BYTES_PER_ELEMENT, elements } from '../engine/tensor.ts';
import type { Gpt2Config } from '../formats/gpt2-config.ts';
import { openGpt2Folder, writeGpt2Folder } from '../formats/gpt2-folder.ts';
import { type Gpt2Parameter, gpt2Parameters } from '../formats/gpt2-parameters.ts';
import { WEIGHTS_FILE } from '../formats/gpt2-weights.ts';
import { openSafetensors } from '../formats/open-safetensors.ts';
import type { SafetensorsFile } from '../formats/safetensors-reader.ts';
import { writeSafetensors } from '../formats/safetensors-writer.ts';
import { loadParameters, readParameter } from '../model/parameters.ts';
import { OPTIMIZER_FILE, stepFolder } from '../runs/checkpoints.ts';
import { readTrainingState, type TrainingState, writeTrainingState } from '../runs/state.ts';
import { UserError } from '../support/errors.ts';
import { fileError, writeFolderAtomic } from '../support/files.ts';
import { formatBytes } from '../support/format.ts';
import { streamRegularFile } from '../support/regular-file.ts';
import { type CheckpointedModel, type CheckpointedReplica, stateTensors } from './checkpoint-tensors.ts';

/** Elements copied at once: 16 MB. */
const SLICE_ELEMENTS = 4 * 1024 * 1024;

/** Room for the tokenizer's files, headers and the file system's own blocks. */
const SMALL_FILES_BYTES = 8e6;

/**
 * Writes the checkpoint of `state.step` into the run folder, whole or not at all, and returns its path. Where ranks share
 * the optimizer's state, the others `contributeToCheckpoint` meanwhile.
 * @throws UserError when the disk has too little room, saying how much is needed, or the system refuses.
 */
export async function writeCheckpoint(
  runFolder: string,
  model: CheckpointedReplica,
  state: Omit<TrainingState, 'checksums'>,
): Promise<string> {
  const { session, config, optimizer } = model;
  const path = stepFolder(runFolder, state.step);
  await checkRoom(runFolder, config, optimizer);
  await writeFolderAtomic(path, async (folder) => {
    await writeGpt2Folder(folder, config, readParameter(session));
    await writeSafetensors(join(folder, OPTIMIZER_FILE), stateTensors(model));
    await writeTrainingState(folder, { ...state, checksums: await checksums(folder) });
  });
  return path;
}

/**
 * Reads the parameters and the optimizer's state of a checkpoint into a model, and returns the state of the run.
 * @throws UserError when it is damaged, or holds another model.
 */
export async function loadCheckpoint(model: CheckpointedModel, path: string): Promise<TrainingState> {
  const { session, config } = model;
  const state = await readTrainingState(path);
  for (const [name, checksum] of Object.entries(await checksums(path)))
    if (state.checksums[name] !== checksum)
      throw new UserError(`${join(path, name)}: its checksum is not the one in state.json; the file is damaged`);
  const folder = await openGpt2Folder(path);
  try {
    if (!isDeepStrictEqual(folder.config, config))
      throw new UserError(`${path} holds a model of another size: ${JSON.stringify(folder.config)}`);
    await loadParameters(session, folder);
  } finally {
    await folder.close();
  }
  await loadOptimizer(model, path);
  return state;
}

async function loadOptimizer({ session, config, optimizer }: CheckpointedModel, checkpoint: string): Promise<void> {
  const file = await openSafetensors(join(checkpoint, OPTIMIZER_FILE));
  try {
    const slice = new Float32Array(SLICE_ELEMENTS);
    for (const parameter of gpt2Parameters(config))
      for (const { suffix, buffer } of optimizer.groupOf(parameter).state) {
        const name = `${parameter.name}.${suffix}`;
        checkTensor(file, name, parameter);
        const count = elements(parameter.shape);
        for (let start = 0; start < count; start += SLICE_ELEMENTS) {
          const part = slice.subarray(0, Math.min(SLICE_ELEMENTS, count - start));
          await file.readInto(name, start, part);
          await session.write(buffer, parameter.name, part, start);
        }
      }
  } finally {
    await file.close();
  }
}

function checkTensor(file: SafetensorsFile, name: string, { shape }: Gpt2Parameter): void {
  const found = file.tensors.get(name);
  if (found?.dtype === 'F32' && found.shape.join() === shape.join()) return;
  const what = found ? `${found.dtype} [${found.shape.join(', ')}]` : 'none';
  throw new UserError(`${file.name}: expected tensor ${name} F32 [${shape.join(', ')}], found ${what}`);
}

async function checksums(folder: string): Promise<Record<string, number>> {
  const result: Record<string, number> = {};
  for (const name of [WEIGHTS_FILE, OPTIMIZER_FILE]) {
    const path = join(folder, name);
    let sum = 0;
    try {
      for await (const bytes of streamRegularFile(path)) sum = crc32(bytes, sum);
    } catch (cause) {
      throw fileError(path, 'read it', cause);
    }
    result[name] = sum;
  }
  return result;
}

/**
 * Checks that the disk has room for a checkpoint before any of it is written.
 * @throws UserError saying what is needed and what is free.
 */
async function checkRoom(
  runFolder: string,
  config: Gpt2Config,
  optimizer: CheckpointedModel['optimizer'],
): Promise<void> {
  const numbers = gpt2Parameters(config).reduce(
    (sum, parameter) => sum + (1 + optimizer.groupOf(parameter).state.length) * elements(parameter.shape),
    0,
  );
  const needed = BYTES_PER_ELEMENT.float32 * numbers + SMALL_FILES_BYTES;
  const { bavail, bsize } = await statfs(runFolder).catch((cause: unknown) => {
    throw fileError(runFolder, 'look for room in it', cause);
  });
  const free = bavail * bsize;
  if (free < needed)
    throw new UserError(
      `${runFolder}: a checkpoint needs ${formatBytes(needed)}, ${formatBytes(free)} are free; make room, then the same command resumes from the newest checkpoint`,
    );
}
