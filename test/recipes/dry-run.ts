/** @file Runs a script whose programs are stand-ins that record how they were called and do nothing else. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface DryRun {
  /** Stand-ins by name: what they do in Bash after recording their call. */
  readonly programs: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Bash that is run in the folder beforehand. */
  readonly prepare?: string;
  /** Sent to the script once this program has been called. */
  readonly signal?: { readonly name: NodeJS.Signals; readonly after: string };
}

export interface DryRunOutcome {
  readonly code: number | null;
  readonly stderr: string;
  /** Programs that were called, in order, each with its arguments. */
  readonly calls: readonly (readonly string[])[];
}

/** @param script path of a Bash script, which runs in an empty folder that is its home as well */
export async function dryRun(
  script: string,
  { programs, args = [], env = {}, prepare = '', signal }: DryRun,
): Promise<DryRunOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'minillm-recipe-'));
  try {
    const bin = join(folder, 'bin');
    const record = join(folder, 'calls');
    mkdirSync(bin);
    for (const [name, action] of Object.entries(programs)) {
      const path = join(bin, name);
      // both sides of a pipe run at once: each call is added in one piece
      const recorded = `{ printf '%s\\0' ${name} "$@"; echo; } > '${record}'.$$; /bin/cat '${record}'.$$ >> '${record}'`;
      writeFileSync(path, `#!/bin/bash\n${recorded}\n${action}\n`);
      chmodSync(path, 0o755);
    }
    execFileSync('bash', ['-c', prepare], { cwd: folder });
    const readCalls = () => (existsSync(record) ? readFileSync(record, 'utf8') : '').split('\n').filter(Boolean);
    const child = spawn('bash', [script, ...args], {
      cwd: folder,
      env: { HOME: folder, PATH: `${bin}:/usr/bin:/bin`, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const closed = once(child, 'close') as Promise<[number | null]>;
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    if (signal) {
      while (!readCalls().some((call) => call.startsWith(`${signal.after}\0`) && !call.includes('list')))
        await sleep(20);
      child.kill(signal.name);
    }
    const [code] = await closed;
    return { code, stderr, calls: readCalls().map((call) => call.split('\0').slice(0, -1)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
