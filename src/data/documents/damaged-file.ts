/** @file The error of a file that may be skipped. */
import { UserError } from '../../support/errors.ts';

/** A file that is not what its name says, or no longer. It may be skipped; for other errors about a file there is no skipping. */
export class DamagedFileError extends UserError {
  override readonly name = 'DamagedFileError';
}
