import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { canHavePanel, LiveTerminal } from '#minillm/cli/terminal/live-terminal.js';
import { Screen } from './screen.ts';

let figure = 0;
let screen: Screen;
let terminal: LiveTerminal;
const stream = (): NodeJS.WriteStream => screen as unknown as NodeJS.WriteStream;
const open = (): void => {
  terminal = new LiveTerminal(stream(), ({ columns }) => ['─'.repeat(columns - 1), `figure ${figure}`]);
};

beforeEach(() => {
  figure = 0;
  screen = new Screen(40, 24);
});
afterEach(() => {
  terminal.close('nothing');
  vi.unstubAllEnvs();
});

test('lines scroll above the panel, which stands once, below them', async () => {
  open();
  for (; figure < 5; figure++) {
    terminal.update([`step ${figure}`]);
    await sleep(figure === 2 ? 250 : 0);
  }
  terminal.close('panel');
  const steps = [0, 1, 2, 3, 4].map((step) => `step ${step}`);
  expect(screen.lines).toEqual([...steps, '─'.repeat(39), 'figure 5']);
});

test('many updates are a few drawings', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  open();
  const updates = 1000;
  for (let step = 0; step < updates; step++) {
    terminal.update([`step ${step}`]);
    vi.advanceTimersByTime(1);
  }
  // one at once, then one each fifth of this second
  expect(screen.writes).toBe(6);
  terminal.close('nothing');
  expect(screen.lines).toEqual(Array.from({ length: updates }, (_, step) => `step ${step}`));
});

test('nothing of the panel is left where it is closed, and lines that waited are written', () => {
  open();
  terminal.update(['step 0']);
  terminal.update(['step 1']);
  terminal.close('nothing');
  terminal.close('nothing');
  expect(screen.lines).toEqual(['step 0', 'step 1']);
});

test('a key that the terminal echoes into the panel leaves nothing of it', () => {
  terminal = new LiveTerminal(stream(), ({ columns }) => ['─'.repeat(columns - 1), 'f'.repeat(columns - 1)]);
  terminal.update(['step 0']);
  screen.write('^C');
  terminal.close('panel');
  expect(screen.lines).toEqual(['step 0', '─'.repeat(39), 'f'.repeat(39)]);
});

test('a terminal that becomes narrower wraps the panel’s lines; all of them are taken away', () => {
  open();
  terminal.update(['step 0']);
  // the terminal wraps the rule of 39 to two rows of 25, on which the cursor is pushed down
  const narrow = new Screen(25, 24);
  narrow.write(`step 0\n${'─'.repeat(39)}\nfigure 0\r`);
  const before = screen;
  screen = narrow;
  before.columns = 25;
  before.write = narrow.write.bind(narrow);
  process.emit('SIGWINCH');
  expect(narrow.lines).toEqual(['step 0', '─'.repeat(24), 'figure 0']);
});

test('what is written to standard error stands above the panel, and its callback is called', async () => {
  const { isTTY } = process.stderr;
  process.stderr.isTTY = true;
  onTestFinished(() => {
    process.stderr.isTTY = isTTY;
  });
  open();
  terminal.update(['step 0']);
  const written = vi.fn();
  process.stderr.write('a note\n', written);
  expect(screen.lines).toEqual(['step 0', 'a note', '─'.repeat(39), 'figure 0']);
  await vi.waitFor(() => expect(written).toHaveBeenCalledOnce());
  terminal.close('nothing');
  expect(process.listenerCount('SIGWINCH')).toBe(0);
});

test('a panel takes a terminal that can move its cursor', () => {
  open();
  vi.stubEnv('TERM', 'xterm-256color');
  expect(canHavePanel(stream())).toBe(true);
  vi.stubEnv('TERM', 'dumb');
  expect(canHavePanel(stream())).toBe(false);
  expect(canHavePanel({ isTTY: false } as NodeJS.WriteStream)).toBe(false);
});
