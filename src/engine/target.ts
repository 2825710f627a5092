/**
 * @file What planning needs to know about the device a program is for: the passes it asks for, and the scratch memory its
 * kernels need.
 */

import type { Graph, Node } from './graph.ts';

/** Rewrites a traced program in place. */
export type Pass = (graph: Graph) => void;

export interface Target {
  /** Passes over a traced network, before it is differentiated: the fusions the device has kernels for. */
  readonly networkPasses: readonly Pass[];
  /** Passes over a differentiated network, before its memory is planned. */
  readonly gradientPasses: readonly Pass[];
  /** Bytes of scratch memory that the device's kernel for a node needs while it runs. */
  workspaceBytes(node: Node): number;
}
