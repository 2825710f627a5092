/**
 * @file The arguments of a kernel by name: what its C source declares (ARGUMENTS in kernels/kernel.h), and what the
 * operation, the workspace and the communicator provide. The two must agree field for field.
 */

import type { Node } from '../../engine/graph.ts';
import type { PlannedNode } from '../../engine/plan.ts';
import type { NativeCollectives } from '../../engine/runtime/communicator.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { workspaceOf } from './workspace.ts';

/** A field of a kernel's struct; all are eight bytes. */
export interface KernelField {
  /** In camel case. */
  readonly name: string;
  readonly kind: 'pointer' | 'size' | 'constant';
}

/** One argument word: an address or a size, or a real constant. */
export type Word = { readonly integer: number } | { readonly real: number };

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

/**
 * The words of one launch, in the order of the kernel's struct.
 * @param pointer the address of a tensor, 0 for none
 * @param workspace its address, 0 for none
 * @throws TypeError naming the fields that only one side has.
 */
export function argumentWords(
  { node }: PlannedNode,
  fields: readonly KernelField[],
  pointer: (tensor: Tensor | undefined) => number,
  workspace: number,
  collectives: NativeCollectives | undefined,
): Word[] {
  const pointers = tensorPointers(node, pointer);
  const sizes = { ...node.op.sizes?.(node) };
  const ownWorkspace = workspaceOf(node);
  if (ownWorkspace) {
    pointers.workspace = workspace;
    Object.assign(sizes, ownWorkspace.sizes);
  }
  if (node.op.isCollective) {
    pointers.context = collectives?.context ?? 0;
    if (node.op.name === 'begin_collective') pointers.begin = collectives?.begin ?? 0;
    else pointers.wait = collectives?.wait ?? 0;
  }
  const given = { pointer: pointers, size: sizes, constant: { ...node.op.constants?.(node) } };
  checkNames(node.op.name, fields, given);
  return fields.map(({ name, kind }) => {
    const value = given[kind][name] as number;
    return kind === 'constant' ? { real: value } : { integer: value };
  });
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
