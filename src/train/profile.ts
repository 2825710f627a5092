/** @file Where the time of a training step goes: every node of its programs, by operation and as a trace. */

import type { Plan } from '../engine/plan.ts';

export interface ProfiledNode {
  readonly program: string;
  readonly operation: string;
  readonly seconds: number;
  /** By the plan, at full extents, over all micro-steps. */
  readonly flops: number;
  /** Bytes read and written, likewise. */
  readonly traffic: number;
}

/** The times of a training step's programs, summed over its micro-steps. */
export class StepProfile {
  readonly #programs = new Map<string, { readonly plan: Plan; readonly seconds: Float64Array; runs: number }>();

  /** The array to which a run of the program adds its nodes' seconds. */
  secondsOf(name: string, plan: Plan): Float64Array {
    const program = this.#programs.get(name) ?? { plan, seconds: new Float64Array(plan.nodes.length), runs: 0 };
    this.#programs.set(name, program);
    program.runs++;
    return program.seconds;
  }

  get nodes(): ProfiledNode[] {
    return [...this.#programs].flatMap(([program, { plan, seconds, runs }]) =>
      plan.nodes.map(({ node, flops, traffic }, index) => ({
        program,
        operation: node.op.name,
        seconds: seconds[index] ?? 0,
        flops: runs * flops,
        traffic: runs * traffic,
      })),
    );
  }
}

export interface OperationTime {
  readonly operation: string;
  readonly count: number;
  readonly seconds: number;
  readonly flops: number;
  readonly traffic: number;
}

/** Times by operation, the longest first. */
export function timesByOperation(nodes: readonly ProfiledNode[]): OperationTime[] {
  const times = new Map<string, OperationTime>();
  for (const { operation, seconds, flops, traffic } of nodes) {
    const sum = times.get(operation) ?? { operation, count: 0, seconds: 0, flops: 0, traffic: 0 };
    times.set(operation, {
      operation,
      count: sum.count + 1,
      seconds: sum.seconds + seconds,
      flops: sum.flops + flops,
      traffic: sum.traffic + traffic,
    });
  }
  return [...times.values()].sort((a, b) => b.seconds - a.seconds);
}

/** The nodes one after another in the Trace Event Format, which ui.perfetto.dev and chrome://tracing open. */
export function renderTrace(nodes: readonly ProfiledNode[]): string {
  let at = 0;
  const traceEvents = nodes.map(({ program, operation, seconds, flops, traffic }) => {
    const event = {
      name: operation,
      cat: program,
      ph: 'X',
      pid: 1,
      tid: 1,
      ts: at * 1e6,
      dur: seconds * 1e6,
      args: { GFLOP: flops / 1e9, GB: traffic / 1e9, 'GFLOP/s': flops / seconds / 1e9 },
    };
    at += seconds;
    return event;
  });
  return JSON.stringify({ traceEvents, displayTimeUnit: 'ms' });
}
