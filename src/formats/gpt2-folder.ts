/** @file A GPT-2 as Hugging Face keeps it: a folder of `config.json`, safetensors and the tokenizer's files. */

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../support/errors.ts';
import { fileError } from '../support/files.ts';
import { readJsonFile } from '../support/json-file.ts';
import type { Gpt2Config } from './gpt2-config.ts';
import { readGpt2Config } from './gpt2-config-file.ts';
import { gpt2Tensors, gpt2Texts } from './gpt2-files.ts';
import type { ReadParameter } from './gpt2-parameters.ts';
import { findGpt2Weights, type Gpt2Checkpoint, WEIGHTS_FILE } from './gpt2-weights.ts';
import { openSafetensors } from './open-safetensors.ts';
import type { SafetensorsFile } from './safetensors-reader.ts';
import { writeSafetensors } from './safetensors-writer.ts';

/** Where there are several files of weights: which tensor is in which. */
export const INDEX = 'model.safetensors.index.json';

const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/**
 * Opens a Hugging Face GPT-2 folder: weights in one safetensors file or in several with an index, of any floating type,
 * named with or without `transformer.`.
 * @throws UserError when a file is missing or damaged, the weights are not those that `config.json` describes, or there is a
 * head of its own.
 */
export async function openGpt2Folder(path: string): Promise<Gpt2Checkpoint> {
  const names = await listWeightFiles(path);
  const config = await readGpt2Config(join(path, 'config.json'));
  const files: SafetensorsFile[] = [];
  try {
    for (const name of names) files.push(await openSafetensors(join(path, name)));
    return { path, ...(await findGpt2Weights(config, files, path)) };
  } catch (cause) {
    for (const file of files) await file.close();
    throw cause;
  }
}

async function listWeightFiles(path: string): Promise<string[]> {
  const found = await readdir(path).catch((cause: unknown) => {
    throw fileError(path, 'read the folder', cause);
  });
  if (found.includes(WEIGHTS_FILE)) return [WEIGHTS_FILE];
  if (found.includes(INDEX)) {
    const index = await readJsonFile(indexSchema, join(path, INDEX));
    const names = [...new Set(Object.values(index.weight_map))];
    for (const name of names) {
      if (basename(name) === name && name !== '..' && !name.includes('\0')) continue;
      throw new UserError(`${join(path, INDEX)}: expected names of files beside it, found ${JSON.stringify(name)}`);
    }
    return names;
  }
  if (found.some((name) => name.startsWith('pytorch_model'))) {
    throw new UserError(
      `${path}: expected ${WEIGHTS_FILE}, found only PyTorch's own format; convert it with transformers: ` +
        'GPT2LMHeadModel.from_pretrained(folder).save_pretrained(folder)',
    );
  }
  const files = found.length === 0 ? 'an empty folder' : found.slice(0, 5).join(', ');
  throw new UserError(
    `${path}: expected a Hugging Face GPT-2 folder with ${WEIGHTS_FILE} and config.json, found ${files}`,
  );
}

/**
 * Writes a folder that transformers opens with `GPT2LMHeadModel` and, if the vocabulary holds GPT-2's tokens, with
 * `AutoTokenizer`. The folder is made if it does not exist. To have all of it or nothing, write into the temporary folder
 * of `writeFolderAtomic`.
 * @throws UserError when the system refuses; whatever `read` throws.
 */
export async function writeGpt2Folder(path: string, config: Gpt2Config, read: ReadParameter): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await writeSafetensors(join(path, WEIGHTS_FILE), gpt2Tensors(config, read));
    for (const [name, text] of gpt2Texts(config)) await writeFile(join(path, name), text);
  } catch (cause) {
    throw fileError(path, 'write it', cause);
  }
}
