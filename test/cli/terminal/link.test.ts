import { expect, test } from 'vitest';
import { terminalLink } from '#minillm/cli/terminal/link.js';

const URL = 'http://127.0.0.1:7860/';
const LINK = `\x1b]8;;${URL}\x1b\\${URL}\x1b]8;;\x1b\\`;
const TERMINAL = { isTTY: true };

test.each([
  [{ TERM_PROGRAM: 'iTerm.app' }],
  [{ TERM_PROGRAM: 'vscode' }],
  [{ VTE_VERSION: '7600' }],
  [{ KITTY_WINDOW_ID: '1' }],
  [{ WT_SESSION: 'a' }],
])('is a link where a terminal is known to have them: %j', (environment) => {
  expect(terminalLink(URL, TERMINAL, environment)).toBe(LINK);
});

test.each([
  [TERMINAL, {}],
  [TERMINAL, { TERM_PROGRAM: 'Apple_Terminal' }],
  [TERMINAL, { VTE_VERSION: '4200' }],
  [TERMINAL, { TERM: 'dumb', TERM_PROGRAM: 'vscode' }],
  [{ isTTY: false }, { TERM_PROGRAM: 'iTerm.app' }],
])('is the address alone elsewhere: %j %j', (stream, environment) => {
  expect(terminalLink(URL, stream as { isTTY: boolean }, environment)).toBe(URL);
});
