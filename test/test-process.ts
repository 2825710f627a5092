/** @file The processes that run test files. One that ends by itself says how, and which file it had not run to its end. */

import { relative } from 'node:path';
import { ForksPoolWorker, type PoolOptions, type WorkerRequest } from 'vitest/node';

class TestProcess extends ForksPoolWorker {
  override readonly name = 'test-process';
  #files: readonly string[] = [];

  override send(request: WorkerRequest): void {
    if (request.type === 'run') this.#files = request.context.files.map(({ filepath }) => filepath);
    super.send(request);
  }

  override async start(): Promise<void> {
    await super.start();
    super.on('exit', this.#tell);
  }

  override async stop(): Promise<void> {
    super.off('exit', this.#tell);
    await super.stop();
  }

  readonly #tell = (code: number | null, signal?: string | null): void => {
    const files = this.#files.map((file) => relative('', file)).join(', ') || 'before it got a file';
    console.error(`a test process ended by itself, with ${signal ?? `code ${code}`}: ${files}`);
  };
}

export const testProcesses = {
  name: 'test-process',
  createPoolWorker: (options: PoolOptions) => new TestProcess(options),
};
