import { expect, test } from 'vitest';
import { shellWord } from '#minillm/cli/terminal/shell-word.js';
import { playLinux, playWindows } from '../../support/windows.ts';

test.each([
  ['out/run-1.bin', 'out/run-1.bin'],
  ["it's here", "'it'\\''s here'"],
  ['~/data', "'~/data'"],
])('%s is %s to a POSIX shell', (path, word) => {
  playLinux();
  expect(shellWord(path)).toBe(word);
});

test.each([
  ['C:\\data\\run-1', 'C:\\data\\run-1'],
  ["C:\\it's here", '"C:\\it\'s here"'],
])('%s is %s on Windows', (path, word) => {
  playWindows();
  expect(shellWord(path)).toBe(word);
});
