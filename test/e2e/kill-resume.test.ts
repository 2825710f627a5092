import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('kill-resume.js', import.meta.url));

test('a run killed again and again ends with the bits and the metrics of one left alone', async () => {
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [SCRIPT, '--kills', '4'], (_, stdout, stderr) => resolve(stdout + stderr));
  });
  expect(output).toMatch(/ runs, 4 kills, 0 differences\n$/);
});
