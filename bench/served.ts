/** @file `minillm serve` in a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../bin/minillm.js', import.meta.url));

export class ServedModel {
  /** With a slash at its end. */
  readonly url: string;
  readonly #process: ChildProcess;
  #complaints = '';

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.url = url;
    process.stderr?.on('data', (bytes: Buffer) => {
      this.#complaints += bytes.toString();
    });
  }

  /** Starts `minillm serve FLAGS` on a free port, and waits until its models have loaded. */
  static async start(flags: readonly string[]): Promise<ServedModel> {
    const args = [BIN, 'serve', ...flags, '--port', '0'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for await (const line of createInterface({ input: child.stdout })) {
      const [url] = /http:\/\/\S+?\//.exec(line) ?? [];
      if (!url) continue;
      while (!(await fetch(`${url}health`)).ok) await sleep(50);
      return new ServedModel(child, url);
    }
    throw new Error('the server has ended');
  }

  /** What it has printed to standard error. */
  get complaints(): string {
    return this.#complaints;
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** What it has in memory; 0 where the system does not say. */
  get residentBytes(): number {
    if (process.platform !== 'linux' || this.hasEnded) return 0;
    const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8');
    return 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
  }

  /** Asks it to stop; returns its exit code, null for one that a signal ended. */
  async stop(): Promise<number | null> {
    if (this.hasEnded) return this.#process.exitCode;
    this.#process.kill();
    const [code] = (await once(this.#process, 'exit')) as [number | null];
    return code;
  }
}
