/** A GPU that is lost in the middle: one clear error; training goes on from the newest checkpoint, and a server ends. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { smallRun } from '../app/server/models/small-run.js';
import { cudaEnvironment, hasStandIn } from '../stand-ins/cuda/cuda.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { fixtureTraining } from './fixture-run.js';
import { BIN, minillm } from './minillm.js';

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

test.skipIf(!hasStandIn).each([
  { asked: 'its model', model: 'book' },
  { asked: 'a checkpoint that it has yet to load', model: 'book@1' },
])(
  'asked for $asked, a server that loses its GPU refuses what it is asked in words, and ends, so that another may be started',
  async ({ model }) => {
    const run = join(temporaryFolder(), 'book');
    await smallRun(run, [1, 2]);
    const sign = join(temporaryFolder(), 'lost');
    const flags = ['--checkpoint', run, '--no-compare', '--device', 'cuda:0', '--port', '0'];
    const server = spawn(process.execPath, [BIN, 'serve', ...flags], {
      env: { ...process.env, ...(await cudaEnvironment({ lostWhen: sign })) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void server.kill('SIGKILL'));
    const said = text(server.stderr);
    let url = '';
    for await (const line of createInterface({ input: server.stdout })) {
      url = /^serving (http:\S+\/) and/.exec(line)?.[1] ?? '';
      if (url) break;
    }
    expect(url).not.toBe('');
    writeFileSync(sign, '');
    const exit = once(server, 'exit');
    const answer = await fetch(`${url}v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, prompt: 'x', max_tokens: 1 }),
    });
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('its device has failed')]);
    expect(await exit).toEqual([1, null]);
    expect(await said).toMatch(/^minillm: cuda:0 has failed: .*fallen off the bus.*\n$/m);
  },
  600_000,
);
