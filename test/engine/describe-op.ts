/** @file An operation's table of tests, run on every device. */

import { describe, expect, test } from 'vitest';
import { expectClose, expectSameBits, TOLERANCES } from './comparison.ts';
import { type Device, devices, type Precision } from './devices.ts';
import { type OpCase, runOp, type Values } from './op-harness.ts';

/** What the float64 reference gives. */
export interface Expected {
  readonly outputs: Values;
  /** Gradients that the operation writes, by the names of its trace. */
  readonly inputGradients?: Values;
  /** Gradients that it adds to, by parameter. */
  readonly parameterGradients?: Values;
}

export interface OpTest {
  readonly title: string;
  readonly make: (precision: Precision) => { readonly op: OpCase; readonly expected: () => Expected };
}

/** Each test: the reference's numbers; gradients of parameters added up over runs, all else written; the same bits with any number of threads. */
export function describeOp(tests: readonly OpTest[], on: readonly Device[] = devices): void {
  const titled = tests.map(({ title, make }) => [title, make] as const);
  describe.each(on)('$name', (device) => {
    const tolerances = TOLERANCES[device.precision];

    test.each(titled)('%s', async (_title, make) => {
      const { op, expected } = make(device.precision);
      const { outputs, inputGradients = {}, parameterGradients = {} } = expected();
      const once = await runOp(device, op);
      expect(Object.keys(once.outputs).sort()).toEqual(Object.keys({ ...outputs, ...inputGradients }).sort());
      expect(Object.keys(once.gradients).sort()).toEqual(Object.keys(parameterGradients).sort());
      for (const [name, values] of Object.entries(once.outputs)) {
        const output = outputs[name];
        const reference = output ?? inputGradients[name] ?? new Float64Array();
        expectClose(values, reference, output ? tolerances.output : tolerances.gradient, name);
      }
      const twice = await runOp(device, op, { runs: 2 });
      for (const [name, values] of Object.entries(once.outputs))
        expectSameBits(twice.outputs[name], values, `${name} of a second run`);
      for (const [name, reference] of Object.entries(parameterGradients)) {
        const doubled = reference.map((value) => 2 * value);
        expectClose(once.gradients[name]!, reference, tolerances.gradient, `gradient of ${name}`);
        expectClose(twice.gradients[name]!, doubled, tolerances.gradient, `gradient of ${name} after two runs`);
      }
    });

    test.runIf(device.hasThreads).each(titled)('%s: the same bits with 1, 2 and 3 threads', async (_title, make) => {
      const { op } = make(device.precision);
      const alone = await runOp(device, op, { threads: 1 });
      for (const threads of [2, 3]) {
        const { outputs, gradients } = await runOp(device, op, { threads });
        for (const [name, values] of Object.entries(alone.outputs)) expectSameBits(outputs[name], values, name);
        for (const [name, values] of Object.entries(alone.gradients)) expectSameBits(gradients[name], values, name);
      }
    });
  });
}
