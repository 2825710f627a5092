/**
 * @file The arguments of a kernel by name: what its source declares (ARGUMENTS in kernels/kernel.h), and what the operation
 * and its backend provide. The two must agree field for field.
 */

import type { Node } from '../engine/graph.ts';
import type { NamedNumbers } from '../engine/operation.ts';
import type { Tensor } from '../engine/tensor.ts';

/** A field of a kernel's struct; all are eight bytes. */
export interface KernelField {
  /** In camel case. */
  readonly name: string;
  readonly kind: 'pointer' | 'size' | 'constant';
}

/** One argument: an address, a size, or a real constant. */
export type Word = { readonly pointer: number } | { readonly integer: number } | { readonly real: number };

const KINDS = { int64_t: 'size', double: 'constant' } as const;

/**
 * The fields of a struct as C writes it: `{ const float *x; int64_t head_size; }`.
 * @throws TypeError for any type but a pointer, int64_t or double.
 */
export function parseFields(struct: string): KernelField[] {
  return struct
    .replace(/^\{|\}$/g, '')
    .split(';')
    .map((declaration) => declaration.trim())
    .filter((declaration) => declaration !== '')
    .map((declaration) => {
      const [, type = '', star = '', name = ''] = /^(.+?)\s*(\*?)\s*(\w+)$/.exec(declaration) ?? [];
      const kind = star ? 'pointer' : KINDS[type as keyof typeof KINDS];
      if (!kind)
        throw new TypeError(`a kernel argument must be a pointer, an int64_t or a double, not "${declaration}"`);
      return { name: name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()), kind };
    });
}

/** What a backend adds to the arguments that an operation gives: its workspace, sizes that go with it, addresses. */
export interface OwnArguments {
  readonly pointers?: NamedNumbers;
  readonly sizes?: NamedNumbers;
}

/**
 * The words of one launch, in the order of the kernel's struct.
 * @param pointer the address of a tensor, 0 for none
 * @throws TypeError naming the fields that only one side has.
 */
export function argumentWords(
  node: Node,
  fields: readonly KernelField[],
  pointer: (tensor: Tensor | undefined) => number,
  own: OwnArguments,
): Word[] {
  const given = {
    pointer: { ...tensorPointers(node, pointer), ...own.pointers },
    size: { ...node.op.sizes?.(node), ...own.sizes },
    constant: { ...node.op.constants?.(node) },
  };
  checkNames(node.op.name, fields, given);
  return fields.map(({ name, kind }) => {
    const value = given[kind][name] as number;
    if (kind === 'pointer') return { pointer: value };
    return kind === 'constant' ? { real: value } : { integer: value };
  });
}

/** Bytes of a size or a constant. */
export const WORD_BYTES = 8;

/** Bytes of an address: 4 in WebAssembly. */
export type PointerBytes = 4 | 8;

/** Where C places each of the words in a struct, at a multiple of its own size, and the bytes of the whole. */
export function layOutWords(
  words: readonly Word[],
  pointerBytes: PointerBytes,
): { readonly offsets: readonly number[]; readonly bytes: number } {
  let end = 0;
  const offsets = words.map((word) => {
    const bytes = 'pointer' in word ? pointerBytes : WORD_BYTES;
    const offset = roundUp(end, bytes);
    end = offset + bytes;
    return offset;
  });
  return { offsets, bytes: roundUp(end, WORD_BYTES) };
}

const roundUp = (bytes: number, multiple: number): number => Math.ceil(bytes / multiple) * multiple;

/** Writes words as C lays them out. */
export function encodeWords(
  words: readonly Word[],
  view: DataView,
  byteOffset: number,
  pointerBytes: PointerBytes = 8,
): void {
  const { offsets } = layOutWords(words, pointerBytes);
  words.forEach((word, index) => {
    const at = byteOffset + offsets[index]!;
    if ('pointer' in word) encodePointer(word.pointer, view, at, pointerBytes);
    else if ('integer' in word) view.setBigInt64(at, BigInt(word.integer), true);
    else view.setFloat64(at, word.real, true);
  });
}

/** Writes an address. */
export function encodePointer(address: number, view: DataView, byteOffset: number, pointerBytes: PointerBytes): void {
  if (pointerBytes === 4) view.setUint32(byteOffset, address, true);
  else view.setBigInt64(byteOffset, BigInt(address), true);
}

function tensorPointers(
  { op, inputs, outputs, updates }: Node,
  pointer: (tensor: Tensor | undefined) => number,
): Record<string, number> {
  const named = (names: readonly string[] = [], tensors: readonly (Tensor | undefined)[]) =>
    names.map((name, index) => [name, pointer(tensors[index])] as const);
  return Object.fromEntries([
    ...named(op.tensors.inputs, inputs),
    ...named(op.tensors.outputs, outputs),
    ...named(op.tensors.updates, updates),
  ]);
}

function checkNames(
  kernel: string,
  fields: readonly KernelField[],
  given: Readonly<Record<KernelField['kind'], Readonly<Record<string, number>>>>,
): void {
  const described = (kind: string, name: string): string => `${kind} ${name}`;
  const declared = fields.map(({ kind, name }) => described(kind, name)).sort();
  const found = Object.entries(given)
    .flatMap(([kind, values]) => Object.keys(values).map((name) => described(kind, name)))
    .sort();
  if (declared.join() === found.join()) return;
  const only = (some: readonly string[], others: readonly string[]): string =>
    some.filter((each) => !others.includes(each)).join(', ') || 'nothing more';
  throw new TypeError(
    `kernel ${kernel}: its source declares ${only(declared, found)}, its operation gives ${only(found, declared)}`,
  );
}
