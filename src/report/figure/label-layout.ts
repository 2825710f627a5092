/** @file Labels beside a chart, moved apart as little as needed. */

/**
 * Positions for labels that want to stand at `wanted`, at least `height` apart and within [top, bottom] where they fit. Labels
 * that collide share the shift between them; their order stays.
 */
export function spread(wanted: readonly number[], height: number, top: number, bottom: number): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  // groups of labels that touch, each centred on where its members want to be
  const groups: { readonly members: number[]; centre: number }[] = [];
  for (const index of order) {
    groups.push({ members: [index], centre: within(wanted[index] ?? 0, height, top, bottom) });
    for (
      let last = groups.at(-1), before = groups.at(-2);
      last && before;
      last = groups.at(-1), before = groups.at(-2)
    ) {
      const needed = ((last.members.length + before.members.length) / 2) * height;
      if (last.centre - before.centre >= needed) break;
      const members = [...before.members, ...last.members];
      const mean = members.reduce((sum, member) => sum + (wanted[member] ?? 0), 0) / members.length;
      groups.splice(-2, 2, { members, centre: within(mean, members.length * height, top, bottom) });
    }
  }
  const placed = new Array<number>(wanted.length).fill(0);
  for (const { members, centre } of groups)
    for (const [row, member] of members.entries()) placed[member] = centre + (row - (members.length - 1) / 2) * height;
  return placed;
}

function within(centre: number, size: number, top: number, bottom: number): number {
  return Math.max(top + size / 2, Math.min(bottom - size / 2, centre));
}
