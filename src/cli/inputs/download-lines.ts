/** @file What a command says while it downloads. */

import { formatBytes, formatDuration } from '../../support/format.ts';
import type { Progress } from '../terminal/progress.ts';
import { timeLeft } from '../terminal/time-left.ts';

/** `12 % | 1.20 GB of 9.98 GB | 45.1 MB/s | 3 m 12 s left`. */
export function downloadLine(bytes: number, totalBytes: number, seconds: number): string {
  const rate = bytes / seconds;
  return [
    `${Math.floor((100 * bytes) / Math.max(1, totalBytes))} %`,
    `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`,
    `${(rate / 1e6).toFixed(1)} MB/s`,
    timeLeft(((totalBytes - bytes) * seconds) / bytes),
  ].join(' | ');
}

/** `nothing moved for 60 s; retrying in 2.1 s`. */
export function waitLine(reason: string, milliseconds: number): string {
  return milliseconds === 0 ? reason : `${reason}; retrying in ${formatDuration(milliseconds / 1000)}`;
}

/**
 * Shows a download: a line that stays once its first bytes are here, then its progress.
 * @returns a function to call with the bytes that are here, and with the file's name if there are several
 */
export function showDownload(what: string, progress: Progress) {
  const started = performance.now();
  let isAnnounced = false;
  return (bytes: number, totalBytes: number, file = what): void => {
    if (!isAnnounced) progress.note(`downloading ${what}, ${formatBytes(totalBytes)}`);
    isAnnounced = true;
    progress.update(`${file} | ${downloadLine(bytes, totalBytes, (performance.now() - started) / 1000)}`);
  };
}
