/** @file A file that holds a model and is yet to be written. */

export interface ModelFile {
  /** How large it will be. */
  readonly bytes: number;
  /** Its bytes in order, each piece valid until the next is asked for. */
  pieces(): AsyncIterable<Uint8Array>;
}
