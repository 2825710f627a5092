/** @file A plan as the table the team walks: for each node the kernel's address and its arguments (kernel-arguments.ts). */

import type { Address, Plan, PlannedNode } from '../../engine/plan.ts';
import type { NativeCollectives } from '../../engine/runtime/communicator.ts';
import type { Tensor } from '../../engine/tensor.ts';
import {
  argumentWords,
  encodeWords,
  type KernelField,
  type OwnArguments,
  WORD_BYTES,
  type Word,
} from '../kernel-arguments.ts';
import { workspaceOf } from './workspace.ts';

export interface Launch {
  /** Address of the kernel. */
  readonly kernel: number;
  readonly words: readonly Word[];
}

/** A kernel of a compiled library. */
export interface Kernel {
  readonly address: number;
  readonly fields: readonly KernelField[];
}

/** Address and size of a launch record: two pointers. */
const RECORD_BYTES = 16;

/**
 * The launches of a plan.
 *
 * @param kernelOf a kernel by name
 * @param resolve the address of a planned place
 * @param collectives undefined in a world of one
 */
export function buildLaunches(
  plan: Plan,
  kernelOf: (name: string) => Kernel,
  resolve: (address: Address) => number,
  collectives: NativeCollectives | undefined,
): Launch[] {
  const pointer = (tensor: Tensor | undefined): number => (tensor ? resolve(plan.addressOf(tensor)) : 0);
  return plan.nodes.map((planned) => {
    const { address, fields } = kernelOf(planned.node.op.name);
    return {
      kernel: address,
      words: argumentWords(planned.node, fields, pointer, ownOf(planned, resolve, collectives)),
    };
  });
}

function ownOf(
  { node, workspace }: PlannedNode,
  resolve: (address: Address) => number,
  collectives: NativeCollectives | undefined,
): OwnArguments {
  if (node.op.isCollective) {
    const context = collectives?.context ?? 0;
    return node.op.name === 'begin_collective'
      ? { pointers: { context, begin: collectives?.begin ?? 0 } }
      : { pointers: { context, wait: collectives?.wait ?? 0 } };
  }
  const own = workspaceOf(node);
  return own ? { pointers: { workspace: workspace ? resolve(workspace) : 0 }, sizes: own.sizes } : {};
}

/** Bytes of the encoded table: the records {kernel, arguments}, then the argument words. */
export function tableBytes(launches: readonly Launch[]): number {
  return launches.reduce((bytes, { words }) => bytes + RECORD_BYTES + WORD_BYTES * words.length, 0);
}

/** Encodes the table, whose bytes will be placed at address `base`. */
export function encodeTable(launches: readonly Launch[], base: number): Uint8Array {
  const bytes = new Uint8Array(tableBytes(launches));
  const view = new DataView(bytes.buffer);
  let at = RECORD_BYTES * launches.length;
  launches.forEach(({ kernel, words }, index) => {
    view.setBigInt64(RECORD_BYTES * index, BigInt(kernel), true);
    view.setBigInt64(RECORD_BYTES * index + WORD_BYTES, BigInt(base + at), true);
    encodeWords(words, view, at);
    at += WORD_BYTES * words.length;
  });
  return bytes;
}
