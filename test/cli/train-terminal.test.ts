/** @file What `minillm train` writes to a terminal, which util-linux's `script` plays. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fixtureTraining } from './fixture-run.ts';
import { BIN } from './minillm.ts';

/** All that is written to a terminal of 100 columns by a run of twelve steps. */
async function onTerminal(environment: Record<string, string>, ...flags: string[]): Promise<string> {
  const train = [process.execPath, BIN, ...(await fixtureTraining(join(temporaryFolder(), 'run'), 12)), ...flags];
  const command = `stty cols 100 rows 30; ${train.map((word) => `'${word}'`).join(' ')}`;
  // Node takes no terminal of a continuous integration for one with colours
  const { CI: _, FORCE_COLOR: __, NO_COLOR: ___, ...inherited } = process.env;
  const env = { ...inherited, TERM: 'xterm-256color', ...environment };
  return new Promise((resolve, reject) => {
    execFile('script', ['-qec', command, '/dev/null'], { env }, (error, stdout) =>
      error ? reject(new Error(stdout, { cause: error })) : resolve(stdout),
    );
  });
}

const COLOUR = '\x1b[36m';
const CURVE = /[\u2801-\u28ff]/;

test.skipIf(process.platform !== 'linux').each([
  ['a panel in colours under the step lines', {}, [], { hasCurve: true, hasColours: true }],
  [
    'a panel without colours where NO_COLOR asks for that',
    { NO_COLOR: '1' },
    [],
    { hasCurve: true, hasColours: false },
  ],
  ['lines alone where --no-panel asks for that', {}, ['--no-panel'], { hasCurve: false, hasColours: false }],
  [
    'lines alone on a terminal that cannot move its cursor',
    { TERM: 'dumb' },
    [],
    { hasCurve: false, hasColours: false },
  ],
])('a terminal shows %s', async (_, environment, flags, { hasCurve, hasColours }) => {
  const text = await onTerminal(environment, ...flags);
  for (let step = 0; step < 12; step++) expect(text).toMatch(new RegExp(`step ${step} \\| loss: \\d`));
  expect(CURVE.test(text)).toBe(hasCurve);
  expect(text.includes(COLOUR)).toBe(hasColours);
  if (hasCurve) expect(text).toMatch(/step +.*12.* of 12/);
});
