import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('kill-resume.js', import.meta.url));

test.each([
  ['a small vocabulary', 'fixture'],
  ["GPT-2's vocabulary, HellaSwag and samples", 'tiny'],
])('a run with %s, killed again and again, ends with the bits and the metrics of one left alone', async (_, model) => {
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [SCRIPT, '--kills', '4', '--model', model], (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
  expect(output).toMatch(/ runs, 4 kills, 0 differences\n$/);
});
