/** @file Opens a safetensors file of this machine. */

import { openFileSource } from '../support/file-source.ts';
import { SafetensorsFile } from './safetensors-reader.ts';

/**
 * Opens a file and checks its header against its length.
 * @throws UserError when it cannot be read or its header is wrong.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  return SafetensorsFile.open(await openFileSource(path));
}
