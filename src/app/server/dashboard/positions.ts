/** @file The id of an event: how much a page has of each run, as `HISTORY.TRAIN.EVALUATIONS.SAMPLES`, with commas between runs. */

import type { HistoryPosition } from './run-history.ts';

/** How much a page has of each run; undefined for nothing. */
export type Positions = readonly (HistoryPosition | undefined)[];

export function formatPositions(positions: Positions): string {
  return positions
    .map((position) => position && [position.history, position.train, position.evaluations, position.samples].join('.'))
    .join(',');
}

/** The positions in an id; undefined for what is not a position. */
export function parsePositions(id: string): Positions {
  return id.split(',').map((text) => {
    const [, history = '', ...counts] = /^([0-9a-f]{8})\.(\d{0,12})\.(\d{0,12})\.(\d{0,12})$/.exec(text) ?? [];
    if (history === '') return undefined;
    const [train, evaluations, samples] = counts.map((count) => (count === '' ? undefined : Number(count)));
    return { history, train, evaluations, samples };
  });
}
