import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readReport } from '../../bench/report.ts';

test('tokenising ends: its threads answer in every run', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'minillm-bench-'));
  const print = vi.spyOn(console, 'log').mockReturnValue();
  const argv = process.argv;
  onTestFinished(() => {
    process.argv = argv;
    print.mockRestore();
    rmSync(folder, { recursive: true });
  });
  const texts = join(folder, 'texts.txt');
  const document = 'Once upon a time there was a thread. '.repeat(10_000);
  writeFileSync(texts, Array.from({ length: 12 }, () => document).join('<|endoftext|>'));
  process.argv = [...argv.slice(0, 2), '--texts', texts, '--threads', '2', '--runs', '2'];
  await import('../../bench/tokenize.ts');
  expect(readReport(print.mock.lastCall?.[0]).results[0]).toMatchObject({ unit: 'Mtok/s' });
});
