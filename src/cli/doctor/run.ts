/** @file What `minillm doctor` does. */

import { styleText } from 'node:util';
import { type Check, checkMachine } from './checks.ts';

export interface DoctorFlags {
  readonly build?: true;
  readonly json?: true;
}

/** Checks the machine, prints the findings, and sets the exit code to 1 if something needed is missing. */
export async function runDoctor({ build, json }: DoctorFlags): Promise<void> {
  const checks: Check[] = [];
  for await (const check of checkMachine(build ?? false)) {
    checks.push(check);
    if (!json) console.log(checkLine(check, process.stdout.isTTY && !process.env.NO_COLOR));
  }
  const ok = checks.every((check) => check.ok);
  if (json) console.log(JSON.stringify({ ok, checks }));
  if (!ok) process.exitCode = 1;
}

/** `✓ memory: 24.0 GB` in colour, `ok       memory: 24.0 GB` plain. */
function checkLine({ name, ok, found, advice }: Check, colour: boolean): string {
  const mark = colour ? (ok ? styleText('green', '✓') : styleText('red', '✗')) : ok ? 'ok     ' : 'missing';
  return `${mark} ${name}: ${found}${advice ? `; ${advice}` : ''}`;
}
