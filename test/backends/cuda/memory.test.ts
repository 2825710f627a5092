/** What the backend holds of a GPU's memory besides its buffers, and what is left for a new run. */

import { describe, expect, test } from 'vitest';
import { openCudaBackend } from '#minillm/backends/cuda/backend.js';
import { Graph } from '#minillm/engine/graph.js';
import { layoutParameters } from '#minillm/engine/layout.js';
import { linear } from '#minillm/engine/ops/linear.js';
import { plan } from '#minillm/engine/plan.js';
import { Session, sessionBytes } from '#minillm/engine/runtime/session.js';
import { hasStandIn } from '../../stand-ins/cuda/cuda.js';
import { useStandIn } from '../../stand-ins/cuda/open-gpu.js';

const WORKSPACE_BYTES = 32 * 2 ** 20;

describe.skipIf(!hasStandIn)('memory of a GPU', () => {
  test('all of it is either available, or in buffers: what the backend holds is counted once', async () => {
    await useStandIn();
    const backend = await openCudaBackend();
    const { total } = backend.memory();
    const free = (): number => backend.device.driver.memory().free;
    expect(backend.overheadBytes).toBe(WORKSPACE_BYTES);
    expect(free()).toBe(total - WORKSPACE_BYTES);
    expect(backend.memory().available).toBe(total);

    const graph = new Graph({ batch: 2, length: 8 }, 'fp32');
    const x = graph.input('x', [2, 8, 16], 'float32');
    graph.result('y', linear(x, graph.parameter('weight', [16, 16]), graph.parameter('bias', [16]), { gelu: true }));
    const layout = layoutParameters(graph);
    const program = plan(graph, layout, backend);
    const session = new Session(backend, layout, { program });
    const bytes = [...sessionBytes(layout, [program]).values()].reduce((sum, each) => sum + each, 0);
    const held = [backend.overheadBytes];
    for (let run = 0; run < 3; run++) {
      await session.program('program').run({ x: new Float32Array(2 * 8 * 16) });
      held.push(backend.overheadBytes);
      expect(free()).toBe(total - bytes - backend.overheadBytes);
      expect(backend.memory().available).toBe(total - bytes);
    }
    const [opened = 0, first = 0, second = 0, third] = held;
    expect(first, 'its modules').toBeGreaterThan(opened);
    expect(second, 'its graph').toBeGreaterThan(first);
    expect(third).toBe(second);

    session.close();
    expect(backend.overheadBytes, 'modules stay').toBe(first);
    expect(backend.memory().available).toBe(total);
    await backend.close();
  });
});
