/** @file Commands that serve pages. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { BIN } from '../cli/minillm.ts';

/** Starts a command, which ends with the test, and waits for the line that says where it serves. */
export async function serving(...args: string[]): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) {
    child.stdout.resume();
    const [, url] = /^(?:dashboard:|serving) (http:\S+)/.exec(line) ?? [];
    if (url !== undefined) return { child, url };
  }
  throw new Error(`minillm ${args.join(' ')} ended without an address`);
}
