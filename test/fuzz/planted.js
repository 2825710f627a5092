/** @file A target with a fault, which its URL names (`?fault=hang`): the seventh input that a process reads sets it off, or each a little. */

import { openSync } from 'node:fs';
import { UserError } from '#minillm/support/errors.js';

const fault = new URL(import.meta.url).searchParams.get('fault');
const INPUT = 6;

const kept = [];

const FAULTS = {
  hang: () => {
    for (;;);
  },
  silence: () => new Promise(() => {}),
  crash: () => process.abort(),
  exit: () => process.exit(0),
  memory: () => {
    for (;;) kept.push(Buffer.alloc(50e6, 1));
  },
  defect: () => {
    throw new TypeError("Cannot read properties of undefined (reading 'length')");
  },
  trace: () => {
    throw new UserError('refused\n    at read (reader.js:1:1)');
  },
};

const EACH = {
  growth: () => kept.push(Buffer.alloc(500_000, 1)),
  files: () => kept.push(openSync('/dev/null')),
  refusal: () => {
    throw new UserError('refused');
  },
};

let inputs = 0;

export const target = {
  name: 'planted',
  kind: 'file',
  seeds: async () => [Buffer.from('a valid input')],
  mutate: (input, choice) => Buffer.concat([input, choice.bytes(3)]),
  open: async () => ({
    run: async (input) => {
      EACH[fault]?.();
      if (inputs++ === INPUT) await FAULTS[fault]?.();
      if (input.length > 14) throw new UserError('too long');
    },
  }),
};
