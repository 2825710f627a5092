/** @file The fuzzer itself: a fault that is planted must be found, whatever it is, and nothing where there is none. */

import { expect, test } from 'vitest';

const { runCampaign } = (await import(
  new URL('../../dist-fuzz/campaign.js', import.meta.url).href
)) as typeof import('../../fuzz/campaign.ts');

const BOUNDS = { memoryBytes: 400e6, growthBytes: 50e6, growthFiles: 50 };
/** A busy machine may take long over anything but what never ends. */
const ENDLESS = ['hang', 'silence'];

async function fuzz(fault: string, to = 20) {
  const failures: { index: number; reason: string }[] = [];
  const report = await runCampaign({
    ...{
      target: new URL(`./planted.js?fault=${fault}`, import.meta.url).href,
      seed: 1,
      to,
      processes: 1,
      bounds: { ...BOUNDS, cpuMilliseconds: ENDLESS.includes(fault) ? 500 : 30_000 },
    },
    onFailure: (failure) => failures.push(failure),
  });
  return { failures, report };
}

test('a target without a fault has no failure', async () => {
  const { failures, report } = await fuzz('none', 500);
  expect(failures).toEqual([]);
  expect(report).toMatchObject({ inputs: 500, accepted: 1, refused: 499, failures: 0 });
});

test.each([
  ['hang', /^hang: more than 500 ms of CPU time/],
  ['silence', /^hang: more than 5000 ms on the clock/],
  ['crash', /^crash: the process ended with SIGABRT/],
  ['exit', /^crash: the process ended with code 0/],
  ['memory', /^over memory/],
  ['defect', /^defect: TypeError: Cannot read properties.* \| /],
  ['trace', /^a stack trace in a message/],
])('%s is found at its input, and the inputs after it are read', async (fault, reason) => {
  const { failures, report } = await fuzz(fault);
  // a process that ended is followed by another, whose seventh input has the fault again
  const ends = !['defect', 'trace'].includes(fault);
  expect(failures.map(({ index }) => index)).toEqual(ends ? [6, 13] : [6]);
  for (const failure of failures) expect(failure.reason).toMatch(reason);
  expect(report.inputs).toBe(20);
  expect(report.accepted + report.refused + report.failures).toBe(20);
});

test.each([
  ['growth', /^growth: \d+ MB more/],
  ['files', /^growth: \d+ open files more/],
])('%s is found', async (fault, reason) => {
  const { failures } = await fuzz(fault, 600);
  expect(failures.length).toBeGreaterThan(0);
  for (const failure of failures) expect(failure.reason).toMatch(reason);
});

test('a valid input that is refused is a failure', async () => {
  const { failures } = await fuzz('refusal');
  expect(failures).toEqual([{ index: 0, reason: 'a valid input was refused: refused' }]);
});
