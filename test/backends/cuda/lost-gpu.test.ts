/** A GPU that falls off the bus: one error that says what to do, and closing is quiet. */

import { describe, expect, test } from 'vitest';
import { openCudaBackend } from '#minillm/backends/cuda/backend.js';
import { UserError } from '#minillm/support/errors.js';
import { hasStandIn, standInGpu } from '../../stand-ins/cuda/cuda.js';
import { useStandIn } from '../../stand-ins/cuda/open-gpu.js';

describe.skipIf(!hasStandIn)('a lost GPU', () => {
  test('fails reads and writes with what to do, and is closed without another error', async () => {
    await useStandIn();
    const gpu = await standInGpu();
    const backend = await openCudaBackend();
    const buffer = backend.allocate(16, 'zero');
    await backend.write(buffer, 0, Float32Array.of(1, 2, 3, 4));
    gpu.lose();
    try {
      for (const copy of ['read', 'write'] as const) {
        const failing = backend[copy](buffer, 0, new Float32Array(4));
        await expect(failing).rejects.toThrow(UserError);
        await expect(failing).rejects.toThrow(/^cuda:0 has failed: .*; what was saved before is safe: start again/);
      }
      await backend.close();
      expect(backend.closed).toBe(true);
    } finally {
      gpu.mend();
    }
  });

  test('gives back all its memory when it is closed in order', async () => {
    await useStandIn();
    const first = await openCudaBackend();
    const { available } = first.memory();
    const second = await openCudaBackend();
    await second.close();
    expect(first.memory().available).toBe(available);
    await first.close();
  });
});
