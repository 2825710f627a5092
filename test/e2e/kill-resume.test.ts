import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { installedMpis } from '../distributed/mpirun.ts';

const SCRIPT = fileURLToPath(new URL('kill-resume.js', import.meta.url));

async function killAndResume(...flags: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, ...flags], (_, stdout, stderr) => resolve(stdout + stderr));
  });
}

test.each([
  ['a small vocabulary', 'fixture'],
  ["GPT-2's vocabulary, HellaSwag and samples", 'tiny'],
])('a run with %s, killed again and again, ends with the bits and the metrics of one left alone', async (_, model) => {
  const output = await killAndResume('--kills', '4', '--model', model);
  expect(output).toMatch(/ runs, 4 kills, 0 differences\n$/);
});

test.each(installedMpis.slice(0, 1))(
  'so does one of two ranks over $name, one of which is killed, or `mpirun`',
  async ({ mpirun }) => {
    const output = await killAndResume('--kills', '3', '--ranks', '2', '--zero', '1', '--mpirun', mpirun);
    expect(output).toMatch(/ runs, 3 kills, 0 differences\n$/);
  },
);
