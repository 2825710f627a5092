/** @file The id of an event: how much a page has of each run, as `HISTORY.TRAIN.EVALUATIONS.SAMPLES`, with commas between runs. */

import type { HistoryPosition } from './run-history.ts';

/** What a page has of each run; undefined for a run it has nothing of. */
export type Positions = readonly (HistoryPosition | undefined)[];

export function formatPositions(positions: Positions): string {
  return positions
    .map((position) => position && [position.history, position.train, position.evaluations, position.samples].join('.'))
    .join(',');
}

/** The positions that an id names; undefined for what is no position. */
export function parsePositions(id: string): Positions {
  return id.split(',').map((text) => {
    const [, history = '', ...counts] = /^([0-9a-f]{8})\.(\d{0,12})\.(\d{0,12})\.(\d{0,12})$/.exec(text) ?? [];
    if (history === '') return undefined;
    const [train, evaluations, samples] = counts.map((count) => (count === '' ? undefined : Number(count)));
    return { history, train, evaluations, samples };
  });
}
