/** @file What a command says while it downloads. */

import { formatBytes, formatDuration } from '../support/format.ts';

/** `12 % | 1.20 GB of 9.98 GB | 45.1 MB/s | 3 m 12 s left`. */
export function downloadLine(bytes: number, totalBytes: number, seconds: number): string {
  const rate = bytes / seconds;
  return [
    `${Math.floor((100 * bytes) / Math.max(1, totalBytes))} %`,
    `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`,
    `${(rate / 1e6).toFixed(1)} MB/s`,
    `${formatDuration((totalBytes - bytes) / rate)} left`,
  ].join(' | ');
}

/** `nothing came for 60 s; again in 2.1 s`. */
export function waitLine(reason: string, milliseconds: number): string {
  return milliseconds === 0 ? reason : `${reason}; again in ${formatDuration(milliseconds / 1000)}`;
}
