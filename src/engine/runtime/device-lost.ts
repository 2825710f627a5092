/** @file A device that has failed. */

import { UserError } from '../../support/errors.ts';

/** Nothing runs on the device any more; one that is opened again may work. */
export class DeviceLost extends UserError {
  override readonly name = 'DeviceLost';
}

/** Whether a failure lies with what was given, such as a file or a size, so that the device can still do something else. */
export function sparesDevice(cause: unknown): cause is UserError {
  return cause instanceof UserError && !(cause instanceof DeviceLost);
}
