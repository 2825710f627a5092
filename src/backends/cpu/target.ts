/** @file What programs for the CPU are planned with: the fusions its kernels have, and their scratch memory. */

import { fuseResidualAdds } from '../../engine/passes/fuse-residual.ts';
import { recomputeCheapOutputs } from '../../engine/passes/recompute.ts';
import type { Target } from '../../engine/target.ts';
import { workspaceOf } from './workspace.ts';

export const cpuTarget: Target = {
  networkPasses: [fuseResidualAdds],
  gradientPasses: [recomputeCheapOutputs],
  workspaceBytes: (node) => workspaceOf(node)?.bytes ?? 0,
};
