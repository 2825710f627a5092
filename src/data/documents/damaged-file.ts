/** @file The error of a file that may be passed over. */
import { UserError } from '../../support/errors.ts';

/** A file that is not what its name says, or no longer. It may be passed over; other errors about a file may not. */
export class DamagedFileError extends UserError {
  override readonly name = 'DamagedFileError';
}
