/** @file A plan as the table the team walks: for each node the kernel's address and its arguments (kernel-arguments.ts). */

import type { Address, Plan } from '../../engine/plan.ts';
import type { NativeCollectives } from '../../engine/runtime/communicator.ts';
import { argumentWords, type KernelField, type Word } from './kernel-arguments.ts';

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
const WORD_BYTES = 8;

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
  return plan.nodes.map((planned) => {
    const { address, fields } = kernelOf(planned.node.op.name);
    const workspace = planned.workspace ? resolve(planned.workspace) : 0;
    const words = argumentWords(
      planned,
      fields,
      (tensor) => (tensor ? resolve(plan.addressOf(tensor)) : 0),
      workspace,
      collectives,
    );
    return { kernel: address, words };
  });
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
    for (const word of words) {
      if ('integer' in word) view.setBigInt64(at, BigInt(word.integer), true);
      else view.setFloat64(at, word.real, true);
      at += WORD_BYTES;
    }
  });
  return bytes;
}
