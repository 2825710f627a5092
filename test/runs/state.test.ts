import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readTrainingState, type TrainingState, writeTrainingState } from '#minillm/runs/state.js';
import { temporaryFolder } from '../support/temporary-folder.ts';

const STATE: TrainingState = {
  formatVersion: 1,
  step: 5000,
  updates: 4999,
  seed: 1337,
  recent: { losses: [3.5], norms: [0.5] },
  checksums: { 'model.safetensors': 1 },
  configuration: { preset: 'tiny', lr: 4e-3 },
  versions: { minillm: '0.1.0' },
};

test('what is written is read back', async () => {
  const folder = temporaryFolder();
  await writeTrainingState(folder, STATE);
  expect(await readTrainingState(folder)).toEqual(STATE);
});

test('a state of another version, or damaged, is refused by name', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'state.json');
  writeFileSync(path, JSON.stringify({ ...STATE, formatVersion: 2 }));
  await expect(readTrainingState(folder)).rejects.toThrow(`${path}: formatVersion: expected 1`);
  writeFileSync(path, JSON.stringify({ ...STATE, step: -1 }));
  await expect(readTrainingState(folder)).rejects.toThrow(`${path}: step: Too small`);
});
