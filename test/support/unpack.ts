import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { temporaryFolder } from './temporary-folder.ts';

/** Unpacks a zip and returns the folder that its first file is in. */
export function unpack(zip: Uint8Array): string {
  const place = temporaryFolder();
  const files = Object.entries(unzipSync(zip));
  for (const [name, bytes] of files) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), bytes);
  }
  return join(place, dirname(files[0]?.[0] ?? ''));
}
