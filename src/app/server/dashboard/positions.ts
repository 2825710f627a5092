/** @file The id of an event: how far a page has read each run, as `BYTES-CRC` in hexadecimal, with commas between runs. */

import type { MetricsPosition } from '../../../runs/follow-metrics.ts';

export function formatPositions(positions: readonly MetricsPosition[]): string {
  return positions.map(({ bytes, crc }) => `${bytes.toString(16)}-${crc.toString(16)}`).join(',');
}

/** The positions that an id names; undefined for what is no position. */
export function parsePositions(id: string): (MetricsPosition | undefined)[] {
  return id.split(',').map((text) => {
    const [, bytes = '', crc = ''] = /^([0-9a-f]{1,12})-([0-9a-f]{1,8})$/.exec(text) ?? [];
    return bytes === '' ? undefined : { bytes: Number.parseInt(bytes, 16), crc: Number.parseInt(crc, 16) };
  });
}
