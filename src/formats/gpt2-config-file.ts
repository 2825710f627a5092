/** @file The `config.json` of a folder of this machine. */

import { readJsonText } from '../support/json-file.ts';
import { type Gpt2Config, parseGpt2Config } from './gpt2-config.ts';

/**
 * Reads `config.json` of a Hugging Face GPT-2.
 * @throws UserError when it cannot be read, or for the reasons of `parseGpt2Config`.
 */
export async function readGpt2Config(path: string): Promise<Gpt2Config> {
  return parseGpt2Config(await readJsonText(path), path);
}
