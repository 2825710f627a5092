/** @file A plan as the table the team walks: for each node the kernel's address and its arguments (kernel-arguments.ts). */

import type { Address, Plan, PlannedNode } from '../../engine/plan.ts';
import type { NativeCollectives } from '../../engine/runtime/communicator.ts';
import type { Tensor } from '../../engine/tensor.ts';
import {
  argumentWords,
  encodePointer,
  encodeWords,
  type KernelField,
  layOutWords,
  type OwnArguments,
  type PointerBytes,
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

/** Bytes of a launch record: the addresses of a kernel and of its arguments. */
const recordBytes = (pointerBytes: PointerBytes): number => 2 * pointerBytes;

/** Bytes of the encoded table: the records {kernel, arguments}, then the arguments. */
export function tableBytes(launches: readonly Launch[], pointerBytes: PointerBytes): number {
  return launches.reduce(
    (bytes, { words }) => bytes + recordBytes(pointerBytes) + layOutWords(words, pointerBytes).bytes,
    0,
  );
}

/** Encodes the table, whose bytes will be placed at address `base`. */
export function encodeTable(launches: readonly Launch[], base: number, pointerBytes: PointerBytes): Uint8Array {
  const bytes = new Uint8Array(tableBytes(launches, pointerBytes));
  const view = new DataView(bytes.buffer);
  let at = recordBytes(pointerBytes) * launches.length;
  launches.forEach(({ kernel, words }, index) => {
    const record = recordBytes(pointerBytes) * index;
    encodePointer(kernel, view, record, pointerBytes);
    encodePointer(base + at, view, record + pointerBytes, pointerBytes);
    encodeWords(words, view, at, pointerBytes);
    at += layOutWords(words, pointerBytes).bytes;
  });
  return bytes;
}
