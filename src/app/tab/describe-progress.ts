/** @file How far a download is, in words. */

const MEGA = 1e6;

/** `loading NAME: 45 of 248 MB` */
export function describeProgress(name: string, loaded: number, size: number | undefined): string {
  const of = size === undefined ? '' : ` of ${megabytes(size)}`;
  return `loading ${name}: ${megabytes(loaded)}${of} MB`;
}

/** Small files are told more exactly. */
const megabytes = (bytes: number): string => (bytes / MEGA).toFixed(bytes < 10 * MEGA ? 1 : 0);
