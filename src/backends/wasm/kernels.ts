/** @file An instance of the kernels' module. Each thread has one of its own; they share the memory. */

/** What the module exports besides the kernels (team.c, library.c). */
interface TeamExports {
  team_bytes(threads: number): number;
  team_prepare(pool: number, threads: number, privateScratch: number, sharedScratch: number): void;
  team_join(pool: number, thread: number): void;
  team_run(pool: number, launches: number, count: number, active: number, stop: number, times: number): number;
  team_close(pool: number): void;
  private_scratch_bytes(): bigint;
  shared_scratch_bytes(): bigint;
  readonly __heap_base: WebAssembly.Global;
  readonly __stack_pointer: WebAssembly.Global;
  readonly __indirect_function_table: WebAssembly.Table;
}

export interface Kernels {
  readonly exports: TeamExports;
  /** The address of a kernel is its place in the table of functions, the same in every instance. */
  readonly addresses: ReadonlyMap<string, number>;
  /** The address of the text of an argument struct. */
  fields(name: string): number;
}

const FIELDS = /^(.+)_fields$/;

/** @param stack the end of the stack of this thread, which grows down; the first instance has the module's own */
export async function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  stack?: number,
): Promise<Kernels> {
  const imports = { env: { memory }, host: { nanoseconds: () => 1e6 * performance.now() } };
  const { exports } = await WebAssembly.instantiate(module, imports);
  const team = exports as unknown as TeamExports;
  if (stack !== undefined) team.__stack_pointer.value = stack;
  const names = Object.keys(exports).flatMap((name) => FIELDS.exec(name)?.[1] ?? []);
  const table = team.__indirect_function_table;
  const first = table.grow(names.length);
  names.forEach((name, index) => {
    table.set(first + index, exports[name]);
  });
  return {
    exports: team,
    addresses: new Map(names.map((name, index) => [name, first + index])),
    fields: (name) => (exports[`${name}_fields`] as WebAssembly.Global).value as number,
  };
}
