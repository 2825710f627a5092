/** @file The time of a step by operation, as a table. */

import { type ProfiledNode, timesByOperation } from '../../train/profile.ts';

/** One line per operation, the slowest first. */
export function profileTable(nodes: readonly ProfiledNode[]): string {
  const total = nodes.reduce((sum, { seconds }) => sum + seconds, 0);
  const row = (cells: readonly string[]): string =>
    cells.map((cell, index) => (index === 0 ? cell.padEnd(28) : cell.padStart(10))).join('');
  return [
    row(['operation', 'nodes', 'ms', 'share', 'GFLOP/s', 'GB/s']),
    ...timesByOperation(nodes).map(({ operation, count, seconds, flops, traffic }) =>
      row([
        operation,
        `${count}`,
        (seconds * 1e3).toFixed(2),
        `${((100 * seconds) / total).toFixed(1)} %`,
        (flops / seconds / 1e9).toFixed(1),
        (traffic / seconds / 1e9).toFixed(1),
      ]),
    ),
    row(['total', `${nodes.length}`, (total * 1e3).toFixed(2)]),
  ].join('\n');
}
