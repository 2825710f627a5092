import { expect, test } from 'vitest';
import type { Contender } from '../../bench/contenders.ts';
import { measureInTurn, runProcess } from '../../bench/rounds.ts';
import { processorTime, untilStalled } from '../../bench/stall.ts';

const contender = (name: string): Contender => ({ name, command: async () => ({ command: name, args: [] }) });
const report = (value: number) => ({ results: [{ part: '', value, unit: 'tok/s' }], peakBytes: 1 });

test('contenders take turns, each once a round', async () => {
  const order: string[] = [];
  const { reports } = await measureInTurn([contender('ours'), contender('eager')], 2, async ({ name }, round) => {
    order.push(`${name} ${round}`);
    return report(order.length);
  });
  expect(order).toEqual(['ours 0', 'eager 0', 'ours 1', 'eager 1']);
  expect(reports.get('eager')).toEqual([report(2), report(4)]);
});

test('one that fails keeps its place in the rounds, says why, and is not tried again', async () => {
  let tries = 0;
  const { reports, failures } = await measureInTurn([contender('ours'), contender('eager')], 3, async ({ name }) => {
    if (name === 'ours') return report(1);
    tries++;
    throw Object.assign(new Error('Command failed'), { stderr: 'Traceback:\nModuleNotFoundError: no torch\n' });
  });
  expect(tries).toBe(1);
  expect(reports.get('eager')).toEqual([undefined, undefined, undefined]);
  expect(reports.get('ours')).toHaveLength(3);
  expect(failures.get('eager')).toBe('ModuleNotFoundError: no torch');
});

test('one that waits for what never comes is ended and says so; the others have their turns', async () => {
  const { reports, failures } = await measureInTurn([contender('ours'), contender('eager')], 2, async ({ name }) => {
    if (name === 'eager') return report(1);
    const script = 'setInterval(() => {}, 1e6)';
    return runProcess({ command: process.execPath, args: ['-e', script] }, new AbortController().signal, 2000);
  });
  expect(failures.get('ours')).toBe('it made no progress: no processor time in 2 s; it was ended');
  expect(reports.get('eager')).toEqual([report(1), report(1)]);
});

test('the processor time of a process counts what it started', async () => {
  expect((await processorTime(process.pid)).split(',').length).toBeGreaterThan(1); // ps itself, at least
});

test('a process that works is left alone', async () => {
  const looks = ['0:01', '0:02', '0:03', '0:03', '0:04'];
  const next = async () => looks.shift() ?? '';
  await untilStalled(next, 1, new AbortController().signal);
  expect(looks).toEqual(['0:04']);
});
