/** @file What `minillm train` writes to a terminal, which util-linux's `script` plays. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readMetrics } from '#minillm/runs/metrics.js';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { fixtureTraining } from '../fixture-run.ts';
import { BIN, minillm } from '../minillm.ts';

/** All that `minillm` writes to a terminal of 100 columns. */
function onTerminal(environment: Record<string, string>, args: readonly string[]): Promise<string> {
  const words = [process.execPath, BIN, ...args].map((word) => `'${word}'`);
  const command = `stty cols 100 rows 30; ${words.join(' ')}`;
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
const onLinux = test.skipIf(process.platform !== 'linux');

onLinux.each([
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
  const text = await onTerminal(environment, [
    ...(await fixtureTraining(join(temporaryFolder(), 'run'), 12)),
    ...flags,
  ]);
  for (let step = 0; step < 12; step++) expect(text).toMatch(new RegExp(`step ${step} \\| loss: \\d`));
  expect(CURVE.test(text)).toBe(hasCurve);
  expect(text.includes(COLOUR)).toBe(hasColours);
  if (hasCurve) expect(text).toMatch(/step +.*12.* of 12/);
});

onLinux('a resumed run shows what was measured behind its checkpoint', async () => {
  const out = join(temporaryFolder(), 'run');
  const args = [...(await fixtureTraining(out, 4)), '--eval-every', '4'];
  await minillm(...args);
  const [before, last] = (await readMetrics(out)).flatMap((line) =>
    line.kind === 'eval' ? [line.validationLoss] : [],
  );
  expect(last?.toFixed(4)).not.toBe(before?.toFixed(4));
  expect(await onTerminal({ NO_COLOR: '1' }, args)).toContain(`validation ${last?.toFixed(4)}`);
});
