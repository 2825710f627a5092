/** @file A worker as its parent sees it: handed batches, watched while it works, ended when an input takes too long or too much. */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ProcessUsage, readUsage } from './process-usage.ts';
import { type Progress, readProgress } from './progress.ts';
import { type Batch, OVER_MEMORY, type WorkerMessage, type WorkerOrder } from './worker-order.ts';

/** What one input, and one process, may take. */
export interface Bounds {
  /** CPU time for one input; on the clock ten times as much, since other processes take their turns. */
  readonly cpuMilliseconds: number;
  /** Memory of a process at any time. */
  readonly memoryBytes: number;
  /** Memory that a process may gain between batches; once, for what an allocator keeps, and not again. */
  readonly growthBytes: number;
  /** Files that may be open after its last batch beside those after its first. */
  readonly growthFiles: number;
}

export interface Failure {
  readonly index: number;
  readonly reason: string;
}

/** What became of a batch. */
export interface BatchOutcome {
  readonly progress: Progress;
  readonly failures: readonly Failure[];
  /** Undefined when the worker has ended. */
  readonly end: Extract<WorkerMessage, { kind: 'done' }> | undefined;
}

const POLL_MILLISECONDS = 50;
const CLOCK_FACTOR = 10;
/** For a worker to end by itself. */
const GRACE_MILLISECONDS = 5000;
const MEGABYTE = 1 << 20;
/** Of what the process printed. */
const SHOWN_CHARACTERS = 600;

export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #order: WorkerOrder;
  readonly #bounds: Bounds;
  readonly #failures: Failure[] = [];
  #printed = '';
  #peakBytes = 0;
  #onMessage: (message: WorkerMessage | undefined) => void = () => {};
  #ended = false;
  #killedBecause: string | undefined;

  constructor(order: WorkerOrder, bounds: Bounds) {
    this.#order = order;
    this.#bounds = bounds;
    this.#child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [JSON.stringify(order)], {
      execArgv: ['--expose-gc', `--max-old-space-size=${Math.ceil(bounds.memoryBytes / MEGABYTE)}`],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Ctrl-C is for the parent, which ends its workers itself
      detached: true,
    });
    process.once('exit', this.#onExit);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (bytes: Buffer) => {
        this.#printed = (this.#printed + bytes.toString()).slice(-10 * SHOWN_CHARACTERS);
      });
    this.#child.on('message', (message: WorkerMessage) => {
      if (message.kind === 'failure') this.#failures.push({ index: message.index, reason: message.reason });
      else this.#onMessage(message);
    });
    this.#child.on('close', () => {
      this.#ended = true;
      process.removeListener('exit', this.#onExit);
      this.#onMessage(undefined);
    });
  }

  readonly #onExit = (): void => void this.#child.kill('SIGKILL');

  /** The most memory it has had. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** Waits until it has opened its target. @throws Error with what it printed when it ends instead. */
  async start(): Promise<void> {
    const message = await this.#nextMessage();
    if (message?.kind !== 'ready') throw new Error(`the worker did not start: ${this.#printed}`);
  }

  /** Reads a batch of inputs. The outcome's progress shows how far it came. */
  async run(batch: Batch): Promise<BatchOutcome> {
    this.#failures.length = 0;
    const answer = this.#nextMessage();
    if (!this.#ended) this.#child.send(batch);
    const watching = setInterval(() => this.#watch(), POLL_MILLISECONDS);
    let seen: WorkerMessage | undefined;
    try {
      seen = await answer;
    } finally {
      clearInterval(watching);
    }
    if (!this.#ended) this.#look();
    const progress = this.#progress(batch);
    const end = seen?.kind === 'done' ? seen : undefined;
    if (end === undefined && this.#child.exitCode !== OVER_MEMORY)
      this.#failures.push({ index: progress.index, reason: this.#killedBecause ?? this.#crash() });
    return { progress, failures: [...this.#failures], end };
  }

  /** Ends it, what it has started with it, and waits until it is gone. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    const gone = new Promise<void>((resolve) => {
      this.#onMessage = (message) => message ?? resolve();
    });
    this.#child.kill('SIGTERM');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MILLISECONDS);
    await gone;
    clearTimeout(kill);
  }

  #nextMessage(): Promise<WorkerMessage | undefined> {
    return new Promise((resolve) => {
      if (this.#ended) resolve(undefined);
      this.#onMessage = resolve;
    });
  }

  #progress({ from }: Batch): Progress {
    const none = { index: from, accepted: 0, refused: 0, slowestMilliseconds: 0, slowestIndex: from };
    const progress = readProgress(this.#order.progressPath);
    return progress !== undefined && progress.index >= from ? progress : none;
  }

  /** The input that is being read, and what had been used when that was first seen. */
  #current: { readonly index: number; readonly cpuMilliseconds: number; readonly at: number } | undefined;

  #watch(): void {
    const { cpuMilliseconds, residentBytes } = this.#look();
    const index = readProgress(this.#order.progressPath)?.index ?? -1;
    if (this.#current?.index !== index)
      this.#current = { index, cpuMilliseconds: cpuMilliseconds ?? 0, at: performance.now() };
    const onClock = performance.now() - this.#current.at;
    const used = cpuMilliseconds === undefined ? 0 : cpuMilliseconds - this.#current.cpuMilliseconds;
    const { cpuMilliseconds: bound, memoryBytes } = this.#bounds;
    if (used > bound) this.#kill(`hang: more than ${bound} ms of CPU time`);
    else if (onClock > CLOCK_FACTOR * bound) this.#kill(`hang: more than ${CLOCK_FACTOR * bound} ms on the clock`);
    else if (residentBytes > memoryBytes) this.#kill(`over memory: ${Math.round(residentBytes / 1e6)} MB`);
  }

  #look(): ProcessUsage {
    const usage = readUsage(this.#child.pid ?? 0);
    this.#peakBytes = Math.max(this.#peakBytes, usage.peakBytes);
    return usage;
  }

  #kill(reason: string): void {
    this.#killedBecause ??= reason;
    this.#child.kill('SIGKILL');
  }

  #crash(): string {
    const { exitCode, signalCode } = this.#child;
    const printed = this.#printed.trim().replace(/\s*\n\s*/g, ' | ');
    const kind = /heap out of memory|Array buffer allocation failed/.test(printed) ? 'over memory' : 'crash';
    return `${kind}: the process ended with ${signalCode ?? `code ${exitCode}`}: ${printed.slice(0, SHOWN_CHARACTERS)}`;
  }
}
