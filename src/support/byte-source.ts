/** @file Bytes that are read by their position, wherever they lie: in a file, behind an address. */

export interface ByteSource {
  /** The path or address, for errors. */
  readonly name: string;
  /** Bytes in all. */
  readonly size: number;
  /**
   * Fills `target` with the bytes from `offset` on.
   * @throws UserError when they cannot be had; a later call may succeed.
   */
  read(offset: number, target: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
