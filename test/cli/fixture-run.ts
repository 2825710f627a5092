/** @file A run of a few milliseconds a step: the fixture's model on numbers that stand for text. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBin } from '../data/shard-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/gpt2-tiny/', import.meta.url));

/** The arguments that train it into `out`, with data that is there until the test ends. */
export async function fixtureTraining(out: string, steps: number): Promise<string[]> {
  const data = temporaryFolder();
  const tokens = Array.from({ length: 3000 }, (_, index) => (index * index) % 500);
  await writeBin(join(data, 'val_000000.bin'), tokens.slice(0, 500));
  await writeBin(join(data, 'train_000001.bin'), tokens.slice(500));
  return [
    ...['train', '--data', data, '--out', out, '--init', FIXTURE, '--batch-size', '2', '--total-batch-size', '96'],
    ...['--steps', String(steps), '--threads', '1', '--eval-every', '0', '--sample-every', '0'],
  ];
}
