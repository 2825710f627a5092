/** @file Opens a GPT-2 of this machine, whatever keeps it: a Hugging Face folder, or a model file of llm.c. */

import { join } from 'node:path';
import { isFolder } from '../support/files.ts';
import type { Gpt2Config } from './gpt2-config.ts';
import { readGpt2Config } from './gpt2-config-file.ts';
import { openGpt2Folder } from './gpt2-folder.ts';
import type { Gpt2Checkpoint } from './gpt2-weights.ts';
import { openLlmcModel } from './llmc/open-model.ts';

/** @throws UserError for the reasons of `openGpt2Folder` and `openLlmcModel`. */
export async function openGpt2(path: string): Promise<Gpt2Checkpoint> {
  return (await isFolder(path)) ? openGpt2Folder(path) : openLlmcModel(path);
}

/**
 * The shape of the model alone.
 * @throws UserError when it cannot be read, or describes a network that is not supported.
 */
export async function readGpt2Shape(path: string): Promise<Gpt2Config> {
  if (await isFolder(path)) return readGpt2Config(join(path, 'config.json'));
  const { config, close } = await openLlmcModel(path);
  await close();
  return config;
}
