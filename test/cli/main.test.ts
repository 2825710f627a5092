import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeLimits } from '#minillm/app/server/completions/limits.js';
import { describeConnectionLimits } from '#minillm/app/server/connection-limits.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { BIN, minillm } from './minillm.js';

test('--help lists the commands and an example, and loads nothing that they work with', async () => {
  const coverage = await temporaryFolder();
  const { status, stdout } = spawnSync(process.execPath, [BIN, '--help'], {
    encoding: 'utf8',
    env: { ...process.env, NODE_V8_COVERAGE: coverage },
  });
  expect(status).toBe(0);
  for (const word of ['data', 'train', 'sample', 'Example']) expect(stdout).toContain(word);
  // V8 names every module that it ran
  const [report = ''] = await readdir(coverage);
  const { result } = JSON.parse(await readFile(join(coverage, report), 'utf8')) as { result: { url: string }[] };
  const loaded = result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
  expect(loaded.length).toBeGreaterThan(100);
  expect(loaded.filter((url) => /tokenizer|koffi|backends\/(cpu|cuda|wasm)|distributed|echarts/.test(url))).toEqual([]);
});

test('serve --help names every limit of the server', async () => {
  const { stdout } = await minillm('serve', '--help');
  for (const limit of [...describeLimits(), ...describeConnectionLimits()]) expect(stdout).toContain(limit);
  expect(stdout).toContain('65,536 for a context of 1,024');
});

test.each(['sample', 'data text', 'train'])('%s --help shows defaults and an example', async (command) => {
  const { code, stdout } = await minillm(...command.split(' '), '--help');
  expect(code).toBe(0);
  expect(stdout).toMatch(/\(default: /);
  expect(stdout).toMatch(/Examples?:\n {2}\$ minillm /);
});

test('--version prints the version of the package', async () => {
  expect((await minillm('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('SIGUSR1 ends a command that has nothing to finish, and opens no debugger', async () => {
  const child = spawn(process.execPath, [BIN, 'dashboard', temporaryFolder(), '--port', '0']);
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  child.stdout.on('data', (text) => {
    if (/^dashboard: /m.test(String(text))) child.kill('SIGUSR1');
  });
  expect(await once(child, 'close')).toEqual([null, 'SIGUSR1']);
  expect(stderr).toBe('');
});

describe('a command line that is not understood ends with code 2 and one line', () => {
  test.each([
    ['smaple', "unknown command 'smaple' (Did you mean sample?)"],
    ['data txt', "unknown command 'txt' (Did you mean text?)"],
    ['sample --chekpoint x', "unknown option '--chekpoint' (Did you mean --checkpoint?)"],
    ['data text a.txt --otu x', "unknown option '--otu' (Did you mean --out?)"],
    ['sample', '--checkpoint is required; --help shows an example'],
    ['data text a.txt', '--out is required; --help shows an example'],
    ['data text', "missing required argument 'file'"],
    [
      'sample --checkpoint x --tokens 0',
      "option '--tokens <n>' argument '0' is invalid. Expected a whole number from 1.",
    ],
    [
      'serve --checkpoint x --cors-origin https://a.example/',
      "option '--cors-origin <origin>' argument 'https://a.example/' is invalid. Expected an origin without a path, such as https://notes.example.",
    ],
    [
      'sample --checkpoint x --top-p 1.5',
      "option '--top-p <x>' argument '1.5' is invalid. Expected a number from 0 to 1.",
    ],
    [
      'sample --checkpoint x --device gpu',
      /argument 'gpu' is invalid\. Expected auto, cpu, cuda, cuda:N for a certain GPU, or wasm/,
    ],
    [
      'data text a.txt --out x --val-tokens 10Q',
      /'10Q' is invalid. Expected a whole number from 0, such as 250000 or 10M\./,
    ],
  ])('%s', async (line, message) => {
    const { code, stdout, stderr } = await minillm(...line.split(' '));
    expect([code, stdout]).toEqual([2, '']);
    if (typeof message === 'string') expect(stderr).toBe(`minillm: ${message}\n`);
    else expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('an error ends with code 1 and one line; its stack comes with --verbose', () => {
  const COMMAND = ['sample', '--checkpoint', '/nowhere/at/all'];

  test('without --verbose', async () => {
    const { code, stdout, stderr } = await minillm(...COMMAND);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^minillm: \/nowhere\/at\/all: expected .*found nothing there\n$/);
  });

  test.each([[['--verbose', ...COMMAND]], [[...COMMAND, '--verbose']]])('with %j', async (command) => {
    const { code, stderr } = await minillm(...command);
    expect(code).toBe(1);
    expect(stderr).toMatch(/\n {4}at /);
  });
});
