/** @file What programs for a GPU are planned with: the fusions its kernels have, and their scratch memory. */

import { fuseResidualAdds } from '../../engine/passes/fuse-residual.ts';
import type { Target } from '../../engine/target.ts';
import { OPERATIONS } from './operations/index.ts';
import { splitLinearBackward } from './passes/split-linear-backward.ts';

export const cudaTarget: Target = {
  networkPasses: [fuseResidualAdds],
  gradientPasses: [splitLinearBackward],
  workspaceBytes: (node) => OPERATIONS[node.op.name]?.workspace?.(node).bytes ?? 0,
};
