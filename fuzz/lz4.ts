/** @file LZ4 without matches: valid, and no smaller than what it holds (lz4_Block_format.md). */

/** One sequence of literals. */
export function lz4Literals(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 15) return Buffer.concat([Buffer.of(bytes.length << 4), bytes]);
  const rest = bytes.length - 15;
  return Buffer.concat([Buffer.of(0xf0), Buffer.alloc(Math.floor(rest / 255), 255), Buffer.of(rest % 255), bytes]);
}

/** The same as Hadoop frames it: both lengths before it. */
export function lz4Hadoop(bytes: Uint8Array): Uint8Array {
  const block = lz4Literals(bytes);
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(bytes.length, 0);
  lengths.writeUInt32BE(block.length, 4);
  return Buffer.concat([lengths, block]);
}
