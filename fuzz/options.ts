/** @file The options of `npm run fuzz`. */

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

const HELP = `
Usage: npm run fuzz -- [options]

Gives damaged and hostile inputs to every reader of files and to the servers, in processes of their own with bounds on time and
memory. Each must be accepted or refused in one line; what hangs, crashes, grows or fails otherwise is kept in out/fuzz.

  --minutes N    for how long, all targets together (default 10)
  --inputs N     how many inputs instead, all targets together; ten files for each request
  --seed S       the same seed gives the same inputs (default: another one each time)
  --only TARGET  one target; the table names them
  --index I      one input of it (with --only and --seed)
  --processes P  at a time (default: one a core)
`;

export interface FuzzOptions {
  readonly minutes: number;
  /** In place of minutes. */
  readonly inputs: number | undefined;
  readonly seed: number;
  readonly only: string | undefined;
  readonly index: number | undefined;
  readonly processes: number;
}

/** Reads the command line; prints the help, or what is wrong, and ends the process. */
export function readOptions(args: readonly string[]): FuzzOptions {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      args: [...args],
      options: {
        minutes: text,
        inputs: text,
        seed: text,
        only: text,
        index: text,
        processes: text,
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      process.stdout.write(HELP.trimStart());
      process.exit(0);
    }
    const seed = whole('seed', values.seed);
    const index = whole('index', values.index);
    if (index !== undefined && (values.only === undefined || seed === undefined))
      throw new Error('--index needs --only and --seed');
    const minutes = values.minutes === undefined ? 10 : Number(values.minutes);
    if (!(minutes > 0)) throw new Error(`expected --minutes as a number above 0, found ${values.minutes}`);
    return {
      minutes,
      inputs: whole('inputs', values.inputs),
      seed: seed ?? Math.floor(Math.random() * 2 ** 32),
      only: values.only,
      index,
      processes: Math.max(1, whole('processes', values.processes) ?? availableParallelism()),
    };
  } catch (cause) {
    console.error(cause instanceof Error ? cause.message : cause);
    process.exit(2);
  }
}

function whole(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0 || value.trim() === '')
    throw new Error(`expected --${name} as a whole number, found ${value}`);
  return number;
}
