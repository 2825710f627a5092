/** @file The command line with a hub of the test's own, and nothing in its cache. */

import { type ChildProcess, execFile } from 'node:child_process';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { BIN, type Outcome } from './minillm.ts';

/** Runs `minillm` against a hub; `onStart` may interrupt it. */
export function minillmAt(url: string, args: string[], onStart?: (child: ChildProcess) => void): Promise<Outcome> {
  const env = { ...process.env, HF_ENDPOINT: url, HF_TOKEN: '', HF_HOME: '/nowhere', MINILLM_CACHE: temporaryFolder() };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BIN, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    onStart?.(child);
  });
}
