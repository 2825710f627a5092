/** @file FIFOs and devices in place of input files: each command says so in one line instead of waiting. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { minillm } from './minillm.ts';

describe.skipIf(process.platform === 'win32')('a FIFO', () => {
  function fifo(...names: string[]): string {
    const path = join(...names);
    execFileSync('mkfifo', [path]);
    return path;
  }

  test('in place of an input is reported by name', async () => {
    const folder = temporaryFolder();
    const path = fifo(folder, 'train_000001.bin');
    mkdirSync(join(folder, 'model'));
    fifo(folder, 'model', 'config.json');
    writeFileSync(join(folder, 'model', 'model.safetensors'), '');
    const out = join(folder, 'out');
    for (const args of [
      ['data', 'text', path, '--out', out],
      ['data', 'parquet', path, '--out', out],
      ['data', 'inspect', folder],
      ['report', path, '--out', out],
      ['sample', '--checkpoint', join(folder, 'model'), '--prompt', 'a'],
      ['train', '--config', path],
    ]) {
      const { code, stderr } = await minillm(...args);
      expect(stderr).toMatch(/^.*expected a regular file, found a FIFO; .*\n$/);
      expect(code).not.toBe(0);
    }
  });

  test('in one run is reported for that run, and the others are listed', async () => {
    const folder = temporaryFolder();
    for (const name of ['a', 'b', 'c']) mkdirSync(join(folder, name));
    fifo(folder, 'a', 'metrics.jsonl');
    writeFileSync(join(folder, 'b', 'metrics.jsonl'), '');
    fifo(folder, 'b', 'trainer.lock');
    const line = { kind: 'eval', step: 3, validationLoss: 2.5 };
    writeFileSync(join(folder, 'c', 'metrics.jsonl'), `${JSON.stringify(line)}\n`);
    const { code, stdout } = await minillm('runs', folder);
    expect(code).toBe(0);
    expect(stdout).toContain('2.5');
    expect(stdout).toMatch(/a: cannot be read: .*metrics\.jsonl: expected a regular file, found a FIFO/);
    expect(stdout).toMatch(/b: cannot be read: .*trainer\.lock: expected a regular file, found a FIFO/);
  });
});
