/** @file Writes what an export consists of, whole or not at all. */

import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FloatType } from '../../formats/encode-floats.ts';
import { ggufFile } from '../../formats/gguf/gguf-file.ts';
import { gpt2Texts } from '../../formats/gpt2-files.ts';
import { type NamedWeights, WEIGHTS_FILE } from '../../formats/gpt2-weights.ts';
import { gpt2WeightsFile } from '../../formats/gpt2-weights-file.ts';
import { llmcModelFile } from '../../formats/llmc/model-file.ts';
import { LLMC_TOKENIZER, llmcTokenizer } from '../../formats/llmc/tokenizer-file.ts';
import type { ModelFile } from '../../formats/model-file.ts';
import { exists, makeFolder, writeFileAtomic, writeFolderAtomic } from '../../support/files.ts';
import { VOCABULARY_SIZE } from '../../support/gpt2-vocabulary.ts';
import type { ExportTarget } from './formats.ts';

/** As PyTorch calls them. */
const TORCH_TYPES: Readonly<Record<FloatType, string>> = { f32: 'float32', f16: 'float16', bf16: 'bfloat16' };

export interface WriteOptions {
  /** Of the model, for people who open the file. */
  readonly name: string;
  /** The pieces of the file of weights, watched as they are asked for. */
  readonly watched: (file: ModelFile) => AsyncIterable<Uint8Array>;
}

/**
 * Writes a model in place of what is at `out`.
 * @returns the paths that were written
 * @throws UserError when the format cannot hold the model, the checkpoint is damaged, or the system refuses; whatever `watched`
 * throws.
 */
export async function writeExport(
  model: NamedWeights,
  target: ExportTarget,
  out: string,
  options: WriteOptions,
): Promise<string[]> {
  const undo = await makeFolder(dirname(out));
  try {
    return await writeTarget(model, target, out, options);
  } catch (cause) {
    await undo();
    throw cause;
  }
}

async function writeTarget(
  model: NamedWeights,
  target: ExportTarget,
  out: string,
  { name, watched }: WriteOptions,
): Promise<string[]> {
  switch (target.to) {
    case 'gguf':
      await writeFileAtomic(out, watched(ggufFile(model, { type: target.type, name })));
      return [out];
    case 'llmc':
      await writeFileAtomic(out, watched(llmcModelFile(model, target.type)));
      return [out, ...(await writeTokenizer(dirname(out), model))];
    case 'huggingface':
      await writeFolderAtomic(out, async (folder) => {
        await writeFileAtomic(join(folder, WEIGHTS_FILE), watched(gpt2WeightsFile(model, target.type)));
        for (const [file, text] of gpt2Texts(model.config, TORCH_TYPES[target.type]))
          await writeFile(join(folder, file), text);
      });
      return [out];
  }
}

/** llm.c looks for it by this name where it is started, and it is the same for every model. */
async function writeTokenizer(folder: string, { config }: NamedWeights): Promise<string[]> {
  const path = join(folder, LLMC_TOKENIZER);
  if (config.vocabularySize < VOCABULARY_SIZE || (await exists(path))) return [];
  await writeFileAtomic(path, llmcTokenizer());
  return [path];
}
