/** @file Names of which no two are the same. */

/** The name, or the first of its counted ones, from 2 on, that is not taken. */
export function freeName(name: string, taken: ReadonlySet<string>, counted: (count: number) => string): string {
  let free = name;
  for (let count = 2; taken.has(free); count++) free = counted(count);
  return free;
}
