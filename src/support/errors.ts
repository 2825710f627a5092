/**
 * @file The errors a user is meant to read: one line that says what was expected, what was found and what to do.
 * The command line prints such an error as that line alone; any other error is a defect and keeps its stack.
 */

/** A mistake in what the user gave: a flag, a file, a folder, a machine without a compiler. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
}

/** What the system said, as one phrase: the message of an Error, or the value itself. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
