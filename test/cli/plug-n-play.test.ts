/** Under Yarn's Plug'n'Play, whose file handles have no `sync` and no `datasync`: text becomes a trained model all the same. */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { BIN } from './minillm.ts';
import { TEXT, TINY } from './tiny-data.ts';

/** Leaves file handles what those of Yarn have. */
const STAND_IN = `
import { open } from 'node:fs/promises';
const handle = await open(process.execPath);
const refuse = () => { throw new Error('Method not implemented.'); };
Object.assign(Object.getPrototypeOf(handle), { sync: refuse, datasync: refuse });
await handle.close();
`;

test('data text and train', () => {
  const folder = temporaryFolder();
  const place = (name: string): string => join(folder, name);
  writeFileSync(place('stand-in.mjs'), STAND_IN);
  writeFileSync(place('text.txt'), TEXT);
  const minillm = (...args: string[]): string =>
    execFileSync(process.execPath, ['--import', pathToFileURL(place('stand-in.mjs')).href, BIN, ...args], {
      encoding: 'utf8',
    });
  minillm('data', 'text', place('text.txt'), '--out', place('data'));
  const trained = minillm('train', '--data', place('data'), '--out', place('run'), ...TINY, '--steps', '1');
  expect(trained).toMatch(/step-00000001/);
});
