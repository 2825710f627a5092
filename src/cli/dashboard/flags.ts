/** @file The flags that say where a dashboard is served. */

import type { Address } from '../../app/server/listen.ts';
import { wholeNumber } from '../flags.ts';

/** Only this machine can reach it. */
export const DEFAULT_HOST = '127.0.0.1';
/** Used without `--port`: this one, or the next free one. */
export const DEFAULT_PORT = 6124;

/** A port; 0 for any that is free. */
export const portNumber = wholeNumber(0, 65_535);

/** The address that was asked for; a port that the user named is never exchanged for another. */
export function dashboardAddress(host: string, port: number | undefined): Address {
  return { host, port: port ?? DEFAULT_PORT, isFixed: port !== undefined };
}
