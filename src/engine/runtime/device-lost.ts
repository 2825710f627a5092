/** @file A device that has failed. */

import { UserError } from '../../support/errors.ts';

/** Nothing runs on the device any more; one that is opened again may work. */
export class DeviceLost extends UserError {
  override readonly name = 'DeviceLost';
}
