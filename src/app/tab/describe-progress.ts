/** @file How far the reading of weights is, in words. */

const MEGA = 1e6;

/** `loading NAME: 45 of 248 MB` */
export function describeProgress(name: string, loaded: number, size: number, isKept: boolean): string {
  const from = isKept ? " from this browser's cache" : '';
  return `loading ${name}${from}: ${megabytes(loaded)} of ${megabytes(size)} MB`;
}

/** Small files are told more exactly. */
export const megabytes = (bytes: number): string => (bytes / MEGA).toFixed(bytes < 10 * MEGA ? 1 : 0);
