/** @file The table on the terminal, a group at a time: each row as soon as it is measured. */

import type { Row } from './summary.ts';

/** The columns of a group: the peers that take part, a share of the roof, memory. */
export interface Columns {
  readonly peers: readonly string[];
  readonly share: boolean;
  readonly memory: boolean;
}

const NAME_WIDTH = 44;

/** The head of a group's table: a title, then the columns. */
export function tableHead(title: string, { peers, share, memory }: Columns): string {
  const cells = [
    'work'.padEnd(NAME_WIDTH),
    right('ours', 9),
    ' '.padEnd(8),
    ...peers.flatMap((peer) => [right(peer, 11), right('×', 7)]),
    ...(share ? [right('of peak', 9)] : []),
    ...(memory ? ['GB: ours', ...peers].map((who) => right(who, 10)) : []),
  ];
  const line = cells.join('').trimEnd();
  return `\n${title}\n${line}\n${'─'.repeat(line.length)}`;
}

/** A row below `tableHead`; a dash where someone has no figure. */
export function tableRow(row: Row, { peers, share, memory }: Columns): string {
  const figures = peers.map((peer) => row.peers[peer]);
  const gigabytes = [row.peakBytes, ...figures.map((each) => each?.peakBytes)];
  return [
    row.name.padEnd(NAME_WIDTH),
    right(formatFigure(row.value), 9),
    ` ${row.unit}`.padEnd(8),
    ...figures.flatMap((each) => [right(formatFigure(each?.value), 11), right(each?.speedup.toFixed(2) ?? '–', 7)]),
    ...(share ? [right(row.share === undefined ? '–' : `${(100 * row.share).toFixed(0)} %`, 9)] : []),
    ...(memory ? gigabytes.map((bytes) => right(bytes === undefined ? '–' : (bytes / 1e9).toFixed(2), 10)) : []),
  ]
    .join('')
    .trimEnd();
}

/** Three significant digits or more. */
function formatFigure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

const right = (text: string, width: number): string => text.padStart(width);
