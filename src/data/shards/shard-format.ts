/**
 * @file What a shard file looks like. A `.bin` is llm.c's: 256 little-endian int32 (magic, version, token count, zeros),
 * then the tokens as uint16. A `.npy` is build-nanogpt's: NumPy's header (numpy.lib.format), then the same uint16.
 * Tokens are read and written in the machine's own byte order, which is little-endian wherever Node.js runs GPT-2.
 */
import { shardError } from './shard-error.ts';

const BIN_HEADER_BYTES = 256 * 4;
export const BYTES_PER_TOKEN = 2;

const BIN_MAGIC = 20240520;
const BIN_VERSION = 1;
const NPY_MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const NPY_MAX_HEADER_BYTES = 1 << 16;
/** Magic, version and length of the header of format version 1. */
const NPY_PREFIX_BYTES = 10;
/** What the header of a row of uint16 takes, however many they are. */
const NPY_WRITTEN_BYTES = 128;

/** Where the tokens of a shard lie in its file. */
export interface ShardLayout {
  readonly tokenCount: number;
  /** Offset of the first token in bytes. */
  readonly dataOffset: number;
}

/** The header of a shard of `tokenCount` tokens: NumPy's for a path that ends in `.npy`, else llm.c's. */
export function shardHeader(path: string, tokenCount: number): Buffer {
  return path.endsWith('.npy') ? npyHeader(tokenCount) : binHeader(tokenCount);
}

/** llm.c's header for a shard of `tokenCount` tokens. */
export function binHeader(tokenCount: number): Buffer {
  const header = Buffer.alloc(BIN_HEADER_BYTES);
  header.writeInt32LE(BIN_MAGIC, 0);
  header.writeInt32LE(BIN_VERSION, 4);
  header.writeInt32LE(tokenCount, 8);
  return header;
}

/** As `numpy.save` writes it: format version 1.0, room for the count to grow, blanks up to a multiple of 64 bytes. */
function npyHeader(tokenCount: number): Buffer {
  const header = Buffer.alloc(NPY_WRITTEN_BYTES, ' ');
  header.set(NPY_MAGIC);
  header.set([1, 0], NPY_MAGIC.length);
  header.writeUInt16LE(NPY_WRITTEN_BYTES - NPY_PREFIX_BYTES, NPY_MAGIC.length + 2);
  header.write(`{'descr': '<u2', 'fortran_order': False, 'shape': (${tokenCount},), }`, NPY_PREFIX_BYTES, 'latin1');
  header.write('\n', NPY_WRITTEN_BYTES - 1, 'latin1');
  return header;
}

/**
 * Reads the header of a `.bin` or a `.npy` (by the path's ending) and checks it against the size of the file.
 * @param read gives bytes [start, start + length) of the file, fewer at its end.
 * @throws UserError naming the file when it is not a shard or not whole.
 */
export function readShardLayout(
  path: string,
  fileBytes: number,
  read: (start: number, length: number) => Buffer,
): ShardLayout {
  const layout = path.endsWith('.npy') ? readNpyLayout(path, read) : readBinLayout(path, read);
  const tokensHeld = Math.max(0, Math.floor((fileBytes - layout.dataOffset) / BYTES_PER_TOKEN));
  if (tokensHeld < layout.tokenCount) {
    throw shardError(path, `header says ${layout.tokenCount} tokens, file holds ${tokensHeld}; download it again`);
  }
  return layout;
}

function readBinLayout(path: string, read: (start: number, length: number) => Buffer): ShardLayout {
  const header = read(0, BIN_HEADER_BYTES);
  if (header.length < BIN_HEADER_BYTES) {
    throw shardError(path, `expected a header of ${BIN_HEADER_BYTES} bytes, found ${header.length}; download it again`);
  }
  const magic = header.readInt32LE(0);
  if (magic !== BIN_MAGIC) {
    throw shardError(path, `expected magic ${BIN_MAGIC} (llm.c), found ${magic}; write it again with minillm data`);
  }
  const version = header.readInt32LE(4);
  if (version !== BIN_VERSION) {
    throw shardError(path, `expected version ${BIN_VERSION}, found ${version}; write it again with minillm data`);
  }
  const tokenCount = header.readInt32LE(8);
  if (tokenCount < 0) throw shardError(path, `header says ${tokenCount} tokens; download it again`);
  return { tokenCount, dataOffset: BIN_HEADER_BYTES };
}

function readNpyLayout(path: string, read: (start: number, length: number) => Buffer): ShardLayout {
  const start = read(0, 12);
  if (start.length < 12 || !start.subarray(0, 6).equals(NPY_MAGIC)) {
    throw shardError(path, 'expected a NumPy array, found other bytes; download it again');
  }
  const version = start[6]!;
  if (version !== 1 && version !== 2) {
    throw shardError(path, `expected NumPy format version 1 or 2, found ${version}; save it again with numpy.save`);
  }
  const prefixBytes = version === 1 ? NPY_PREFIX_BYTES : 12;
  const headerBytes = version === 1 ? start.readUInt16LE(8) : start.readUInt32LE(8);
  const header = read(prefixBytes, Math.min(headerBytes, NPY_MAX_HEADER_BYTES)).toString('latin1');

  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  if (type !== '<u2') {
    throw shardError(path, `expected dtype uint16 ('<u2'), found '${type}'; save it as numpy.uint16`);
  }
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  const length = /^\s*(\d+),?\s*$/.exec(shape ?? '')?.[1];
  if (length === undefined) {
    throw shardError(path, `expected one dimension, found shape (${shape}); save it flattened`);
  }
  return { tokenCount: Number(length), dataOffset: prefixBytes + headerBytes };
}
