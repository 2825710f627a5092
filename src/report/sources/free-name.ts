/** @file Names that are all different. */

/** The name, or the first of `counted(2)`, `counted(3)`, … that is not taken. */
export function freeName(name: string, taken: ReadonlySet<string>, counted: (count: number) => string): string {
  let free = name;
  for (let count = 2; taken.has(free); count++) free = counted(count);
  return free;
}
