/** @file Where a dashboard is served, as the user says it. */

import type { Address } from '../../app/server/listen.ts';
import { wholeNumber } from '../flags.ts';

/** This machine alone. */
export const DEFAULT_HOST = '127.0.0.1';
/** Where no port is named: this one, or the next that is free. */
export const DEFAULT_PORT = 6124;

/** A port; 0 for any that is free. */
export const portNumber = wholeNumber(0, 65_535);

/** The address that was asked for; a port that was named is not exchanged for another. */
export function addressOf(host: string, port: number | undefined): Address {
  return { host, port: port ?? DEFAULT_PORT, isFixed: port !== undefined };
}
