/**
 * @file The errors a user is meant to read: one line that says what was expected, what was found and what to do.
 * The command line prints such an error as that line alone; any other error is a defect and keeps its stack.
 */

/** Characters of a message; what a file holds may be part of it. */
const MAX_LENGTH = 2000;
/** Of a longer message, whose beginning names the file and whose end says what to do. */
const END_LENGTH = 500;

/**
 * A mistake in what the user gave: a flag, a file, a folder, a machine without a compiler. A long message is cut in its middle, and
 * control characters, which a terminal would obey, are escaped.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';

  constructor(message: string, options?: ErrorOptions) {
    super(escaped(shortened(message)), options);
  }
}

function shortened(text: string): string {
  return text.length <= MAX_LENGTH
    ? text
    : `${text.slice(0, MAX_LENGTH - END_LENGTH - 3)} … ${text.slice(-END_LENGTH)}`;
}

function escaped(text: string): string {
  return text.replace(
    /(?![\n\t])\p{Cc}|\p{Bidi_Control}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What the system said, as one phrase: the message of an Error, or the value itself. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
