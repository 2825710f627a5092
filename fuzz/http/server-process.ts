/** @file A server of the command line in a process of its own, watched from outside: what it logs, how much it works and takes. */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isWorking, type ProcessUsage, readUsage } from '../process-usage.ts';

const CLOCK_MILLISECONDS = 120_000;

export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  #log = '';

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    child.stderr?.on('data', (bytes: Buffer) => {
      this.#log += bytes.toString();
    });
  }

  /** Starts `minillm ARGS` and waits for the address that it prints. */
  static async start(args: readonly string[]): Promise<ServerProcess> {
    const child = fork(fileURLToPath(new URL('./server.js', import.meta.url)), args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    const port = await new Promise<number>((resolve, reject) => {
      let printed = '';
      const read = (bytes: Buffer): void => {
        printed += bytes.toString();
        const found = /http:\/\/[^/]*:(\d+)\//.exec(printed)?.[1];
        if (found !== undefined) resolve(Number(found));
      };
      child.stdout?.on('data', read);
      child.stderr?.on('data', read);
      child.once('exit', (code) => reject(new Error(`the server ended with code ${code}: ${printed}`)));
      setTimeout(() => reject(new Error(`the server did not start: ${printed}`)), CLOCK_MILLISECONDS).unref();
    });
    return new ServerProcess(child, port);
  }

  get usage(): ProcessUsage {
    return readUsage(this.#child.pid ?? 0);
  }

  get isWorking(): boolean {
    return isWorking(this.#child.pid ?? 0);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** What it has logged since it was asked before. */
  takeLog(): string {
    const log = this.#log;
    this.#log = '';
    return log;
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }
}
