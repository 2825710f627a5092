/**
 * @file A plan as the table the team walks: for each node the kernel's address and its argument words (kernels/kernel.h),
 * in the order inputs, outputs, updates, workspace, integers, sizes of the workspace, reals, communicator.
 */

import type { Address, Plan, PlannedNode } from '../../engine/plan.ts';
import type { NativeCollectives } from '../../engine/runtime/communicator.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { workspaceOf } from './workspace.ts';

/** One argument word: an address or a size, or a real constant. */
type Word = { readonly integer: number } | { readonly real: number };

export interface Launch {
  /** Address of the kernel. */
  readonly kernel: number;
  readonly words: readonly Word[];
}

/** Address and size of a launch record: two pointers. */
const RECORD_BYTES = 16;
const WORD_BYTES = 8;

/**
 * The launches of a plan.
 *
 * @param kernel the address of a kernel by name
 * @param resolve the address of a planned place
 * @param collectives undefined in a world of one
 */
export function launchesOf(
  plan: Plan,
  kernel: (name: string) => number,
  resolve: (address: Address) => number,
  collectives: NativeCollectives | undefined,
): Launch[] {
  const pointer = (tensor: Tensor | undefined): Word => ({ integer: tensor ? resolve(plan.addressOf(tensor)) : 0 });
  return plan.nodes.map(({ node, workspace }: PlannedNode) => {
    const { integers, reals = [] } = node.op.constants(node);
    const words = [...node.inputs, ...node.outputs, ...node.updates].map(pointer);
    const { sizes } = workspaceOf(node) ?? {};
    if (sizes) words.push({ integer: workspace ? resolve(workspace) : 0 });
    words.push(...[...integers, ...(sizes ?? [])].map((integer) => ({ integer })), ...reals.map((real) => ({ real })));
    if (node.op.isCollective) words.push(...collectiveWords(node.op.name, collectives));
    return { kernel: kernel(node.op.name), words };
  });
}

/** The communicator's function for a collective, and its context. */
function collectiveWords(operation: string, collectives: NativeCollectives | undefined): Word[] {
  if (!collectives) return [{ integer: 0 }, { integer: 0 }];
  const { beginSum, waitForSums, context } = collectives;
  return [{ integer: operation === 'all_reduce' ? beginSum : waitForSums }, { integer: context }];
}

/** Bytes of the encoded table: the records {kernel, arguments}, then the argument words. */
export function tableBytes(launches: readonly Launch[]): number {
  return launches.reduce((bytes, { words }) => bytes + RECORD_BYTES + WORD_BYTES * words.length, 0);
}

/** Encodes the table for address `base`, where its bytes will lie. */
export function encodeTable(launches: readonly Launch[], base: number): Uint8Array {
  const bytes = new Uint8Array(tableBytes(launches));
  const view = new DataView(bytes.buffer);
  let at = RECORD_BYTES * launches.length;
  launches.forEach(({ kernel, words }, index) => {
    view.setBigInt64(RECORD_BYTES * index, BigInt(kernel), true);
    view.setBigInt64(RECORD_BYTES * index + WORD_BYTES, BigInt(base + at), true);
    for (const word of words) {
      if ('integer' in word) view.setBigInt64(at, BigInt(word.integer), true);
      else view.setFloat64(at, word.real, true);
      at += WORD_BYTES;
    }
  });
  return bytes;
}
