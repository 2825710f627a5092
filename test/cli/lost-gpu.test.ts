/** A run whose GPU is lost in the middle: one clear error, and the same command goes on from the newest checkpoint. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { cudaEnvironment, hasStandIn } from '../stand-ins/cuda/cuda.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { fixtureTraining } from './fixture-run.js';
import { minillm } from './minillm.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The steps of a run with their losses, rates and norms. */
const steps = (stdout: string): string[] =>
  stdout
    .split('\n')
    .filter((line) => /^step \d+ \| loss/.test(line))
    .map((line) => line.replace(/ \| dt:.*/, ''));

describe.skipIf(!hasStandIn)('a training run that loses its GPU', () => {
  test.each(['fp32', 'bf16'])(
    'in %s fails with what to do, and ends with the same bits when it is started again',
    async (precision) => {
      const folder = temporaryFolder();
      const [whole, disturbed] = [join(folder, 'whole'), join(folder, 'disturbed')];
      const command = [...(await fixtureTraining(whole, 6)), '--precision', precision, '--checkpoint-every', '2'];
      const train = async (out: string, lostWhen = '') => {
        for (const [name, value] of Object.entries(await cudaEnvironment({ lostWhen }))) vi.stubEnv(name, value);
        return minillm(...command.map((each) => (each === whole ? out : each)), '--device', 'cuda:0');
      };
      const undisturbed = await train(whole);
      expect(steps(undisturbed.stdout)).toHaveLength(6);

      const lost = await train(disturbed, join(disturbed, 'step-00000004'));
      expect(lost.code).toBe(1);
      expect(lost.stderr).toMatch(
        /^minillm: step 4: cuda:0 has failed: .*fallen off the bus.*; what was saved before is safe: start again to go on from it\n$/,
      );
      expect(steps(lost.stdout)).toEqual(steps(undisturbed.stdout).slice(0, 4));

      const resumed = await train(disturbed);
      expect([resumed.code, resumed.stderr]).toEqual([0, '']);
      expect(steps(resumed.stdout)).toEqual(steps(undisturbed.stdout).slice(4));
      for (const file of ['model.safetensors', 'optimizer.safetensors']) {
        const [expected, found] = [whole, disturbed].map((run) => readFileSync(join(run, 'step-00000006', file)));
        expect(expected && found?.equals(expected), file).toBe(true);
      }
    },
    600_000,
  );
});
