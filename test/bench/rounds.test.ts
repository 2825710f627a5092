import { expect, test } from 'vitest';
import type { Contender } from '../../bench/contenders.ts';
import { measureInTurn } from '../../bench/rounds.ts';

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
