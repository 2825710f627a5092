/** @file The null backend: plans and costs programs without hardware. It has addresses but no bytes; running does nothing. */

import type { Plan } from '../../engine/plan.ts';
import type { Backend, DeviceBuffer, Executable } from '../../engine/runtime/backend.ts';
import type { Target } from '../../engine/target.ts';

/** A backend of `memoryBytes` that computes nothing, for programs planned as for `target`. */
export function openNullBackend(target: Target, memoryBytes = Number.POSITIVE_INFINITY): Backend {
  let next = 4096;
  return {
    ...target,
    name: 'null',
    description: 'no device: plans only',
    sharesHostMemory: false,
    overheadBytes: 0,
    memory: () => ({ total: memoryBytes, available: memoryBytes }),
    peak: () => Promise.resolve(Number.POSITIVE_INFINITY),
    allocate: (bytes): DeviceBuffer => {
      const buffer = { address: next, bytes };
      next += bytes;
      return buffer;
    },
    free: () => {},
    write: () => Promise.resolve(),
    read: async (_buffer, _byteOffset, target) => {
      new Uint8Array(target.buffer, target.byteOffset, target.byteLength).fill(0);
    },
    compile: (plan: Plan): Executable => ({ plan }),
    release: () => {},
    run: () => Promise.resolve('completed'),
    closed: false,
    close: () => Promise.resolve(),
  };
}
