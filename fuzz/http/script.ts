/** @file What a client does at its socket, step by step; as JSON, so that an input is bytes like any other. */

export type Step =
  /** Characters are bytes. */
  | { readonly send: string }
  /** Does nothing for so many milliseconds. */
  | { readonly pause: number }
  /** Waits until the server has written this, or nothing more. */
  | { readonly await: string }
  /** Takes nothing of what the server writes for so many milliseconds. */
  | { readonly deaf: number }
  /** Says that no more will come; the answer can still be read. */
  | { readonly end: true }
  /** Breaks the connection off. */
  | { readonly reset: true };

/** The longest pause: what is slower is for the server's time limits, which have tests of their own. */
export const MAX_PAUSE_MILLISECONDS = 30;

export const formatScript = (steps: readonly Step[]): Buffer => Buffer.from(JSON.stringify(steps));

/** The steps of an input; of one that is no script, its bytes at once. */
export function parseScript(input: Buffer): readonly Step[] {
  try {
    return JSON.parse(input.toString()) as readonly Step[];
  } catch {
    return [{ send: input.toString('latin1') }];
  }
}
