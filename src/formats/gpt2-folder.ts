/** @file A GPT-2 as Hugging Face keeps it: a folder of `config.json`, safetensors and the tokenizer's files. */

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../support/errors.ts';
import { fileError } from '../support/files.ts';
import { readJsonFile } from '../support/json.ts';
import { type Gpt2Config, readGpt2Config, renderGenerationConfig, renderGpt2Config } from './gpt2-config.ts';
import { type Gpt2Parameter, gpt2Parameters } from './gpt2-parameters.ts';
import { gpt2TokenizerFiles } from './gpt2-tokenizer-files.ts';
import { openSafetensors } from './open-safetensors.ts';
import type { SafetensorsFile } from './safetensors-reader.ts';
import { writeSafetensors } from './safetensors-writer.ts';
import { checkTiedHead, type TensorPlace } from './tied-head.ts';

const WEIGHTS = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const PREFIX = 'transformer.';

/** Tensors of old files that are not parameters: the causal masks, and the head, which is `wte`. */
const IGNORED = /^(transformer\.h\.\d+\.attn\.(masked_)?bias|lm_head\.weight)$/;
const HEAD = 'lm_head.weight';
const EMBEDDING = 'transformer.wte.weight';
const FLOATS = ['F32', 'BF16', 'F16', 'F64'];

const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/** An open folder. Parameters stay on disk until they are read. */
export interface Gpt2Folder {
  readonly path: string;
  readonly config: Gpt2Config;
  /** Every parameter by its canonical name. */
  readonly parameters: readonly Gpt2Parameter[];
  /**
   * Fills `target` with a parameter's elements from `start` on, in row-major order.
   * @throws UserError when the file has been cut short or the range is not within the parameter.
   */
  readInto(name: string, start: number, target: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a Hugging Face GPT-2 folder: weights in one safetensors file or in several with an index, of any floating type,
 * named with or without `transformer.`.
 * @throws UserError when a file is missing or damaged, the weights are not those that `config.json` describes, or there is a
 * head of its own.
 */
export async function openGpt2Folder(path: string): Promise<Gpt2Folder> {
  const names = await listWeightFiles(path);
  const config = await readGpt2Config(join(path, 'config.json'));
  const parameters = gpt2Parameters(config);
  const files: SafetensorsFile[] = [];
  const close = async () => {
    for (const file of files) await file.close();
  };
  try {
    for (const name of names) files.push(await openSafetensors(join(path, name)));
    const places = placeParameters(path, parameters, files);
    for (const file of files)
      if (file.tensors.has(HEAD)) await checkTiedHead({ file, name: HEAD }, places.get(EMBEDDING)!, config.channels);
    return {
      path,
      config,
      parameters,
      async readInto(name, start, target) {
        const place = places.get(name);
        if (place === undefined) throw new RangeError(`GPT-2 has no parameter ${name}`);
        await place.file.readInto(place.name, start, target);
      },
      close,
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

async function listWeightFiles(path: string): Promise<string[]> {
  const found = await readdir(path).catch((cause: unknown) => {
    throw fileError(path, 'read the folder', cause);
  });
  if (found.includes(WEIGHTS)) return [WEIGHTS];
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
      `${path}: expected ${WEIGHTS}, found only PyTorch's own format; convert it with transformers: ` +
        'GPT2LMHeadModel.from_pretrained(folder).save_pretrained(folder)',
    );
  }
  const files = found.length === 0 ? 'an empty folder' : found.slice(0, 5).join(', ');
  throw new UserError(`${path}: expected a Hugging Face GPT-2 folder with ${WEIGHTS} and config.json, found ${files}`);
}

/** Finds every parameter in the files, and nothing but parameters. */
function placeParameters(
  path: string,
  parameters: readonly Gpt2Parameter[],
  files: readonly SafetensorsFile[],
): Map<string, TensorPlace> {
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  const places = new Map<string, TensorPlace>();
  for (const file of files) {
    for (const [name, { dtype, shape }] of file.tensors) {
      const canonical = name.startsWith(PREFIX) || name.startsWith('lm_head.') ? name : PREFIX + name;
      if (IGNORED.test(canonical)) continue;
      const expected = shapes.get(canonical);
      const where = `${file.name}: tensor ${name}`;
      if (expected === undefined) throw new UserError(`${where}: the GPT-2 of config.json has no such parameter`);
      if (places.has(canonical))
        throw new UserError(`${where}: appears twice, with and without "${PREFIX}" or in two files`);
      if (shape.join() !== expected.join()) {
        throw new UserError(
          `${where}: expected shape [${expected.join(', ')}] by config.json, found [${shape.join(', ')}]`,
        );
      }
      if (!FLOATS.includes(dtype)) throw new UserError(`${where}: expected type ${FLOATS.join(', ')}, found ${dtype}`);
      places.set(canonical, { file, name });
    }
  }
  const missing = parameters.filter(({ name }) => !places.has(name));
  if (missing[0] !== undefined) {
    const others = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
    throw new UserError(
      `${path}: expected tensor ${missing[0].name} [${missing[0].shape.join(', ')}]${others}, found none`,
    );
  }
  return places;
}

/** Fills `target` with the elements from `start` on of the parameter of this canonical name. */
export type ReadParameter = (name: string, start: number, target: Float32Array) => void | Promise<void>;

/**
 * Writes a folder that transformers opens with `GPT2LMHeadModel` and, if the vocabulary holds GPT-2's tokens, with
 * `AutoTokenizer`. The folder is made if it does not exist. To have all of it or nothing, write into the temporary folder
 * of `writeFolderAtomic`.
 * @throws UserError when the system refuses; whatever `read` throws.
 */
export async function writeGpt2Folder(path: string, config: Gpt2Config, read: ReadParameter): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    const tensors = gpt2Parameters(config).map(({ name, shape }) => ({
      name,
      shape,
      dtype: 'F32' as const,
      read: (start: number, target: Float32Array) => read(name, start, target),
    }));
    await writeSafetensors(join(path, WEIGHTS), tensors);
    await writeFile(join(path, 'config.json'), renderGpt2Config(config));
    await writeFile(join(path, 'generation_config.json'), renderGenerationConfig(config));
    for (const [name, text] of gpt2TokenizerFiles(config)) await writeFile(join(path, name), text);
  } catch (cause) {
    throw fileError(path, 'write it', cause);
  }
}
