/** @file Reads event files of TensorBoard as TensorBoard does: framing, checksums, the fields of `Event` that matter. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ReadEvent {
  /** Seconds since 1970. */
  readonly time: number;
  readonly step: number;
  readonly version: string | undefined;
  /** Whether it is the start of a process. */
  readonly isStart: boolean;
  readonly scalars: Readonly<Record<string, number>>;
  readonly texts: Readonly<Record<string, string>>;
}

/** The events of a file; a last record that was cut off is passed over. Throws where a checksum is wrong. */
export function readEvents(bytes: Buffer): ReadEvent[] {
  const events: ReadEvent[] = [];
  for (let at = 0; at + 12 <= bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    if (bytes.readUInt32LE(at + 8) !== masked(bytes.subarray(at, at + 8))) throw new Error(`wrong length at ${at}`);
    const data = bytes.subarray(at + 12, at + 12 + length);
    if (at + 16 + length > bytes.length) break;
    if (bytes.readUInt32LE(at + 12 + length) !== masked(data)) throw new Error(`wrong data at ${at}`);
    events.push(readEvent(data));
    at += 16 + length;
  }
  return events;
}

/**
 * What TensorBoard shows of a folder of event files: the steps and values of each tag. At every start but the first, what is there
 * of its step and of later ones is forgotten (`_CheckForRestartAndMaybePurge` of event_accumulator.py).
 */
export function shownScalars(folder: string): Record<string, [step: number, value: number][]> {
  const shown: Record<string, [number, number][]> = {};
  let starts = 0;
  for (const name of readdirSync(folder).sort())
    for (const event of readEvents(readFileSync(join(folder, name)))) {
      if (event.isStart && starts++ > 0)
        for (const [tag, points] of Object.entries(shown)) shown[tag] = points.filter(([step]) => step < event.step);
      for (const [tag, value] of Object.entries(event.scalars))
        shown[tag] = [...(shown[tag] ?? []), [event.step, value]];
    }
  return shown;
}

function readEvent(data: Buffer): ReadEvent {
  const event = readMessage(data);
  const scalars: Record<string, number> = {};
  const texts: Record<string, string> = {};
  for (const summary of event.get(5) ?? [])
    for (const field of readMessage(summary).get(1) ?? []) {
      const value = readMessage(field);
      const tag = String(value.get(1)?.[0]);
      const [number] = value.get(2) ?? [];
      const [tensor] = value.get(8) ?? [];
      if (number) scalars[tag] = number.readFloatLE();
      if (tensor) texts[tag] = String(readMessage(tensor).get(8)?.[0]);
    }
  const [session] = event.get(7) ?? [];
  return {
    time: event.get(1)?.[0]?.readDoubleLE() ?? Number.NaN,
    step: Number(event.get(2)?.[0]?.readBigUInt64LE() ?? 0),
    version: event.get(3)?.[0]?.toString(),
    isStart: session !== undefined && readMessage(session).get(1)?.[0]?.readBigUInt64LE() === 1n,
    scalars,
    texts,
  };
}

/** The values of each field of a message: its bytes, eight of them for a varint. */
function readMessage(data: Buffer): Map<number, Buffer[]> {
  const fields = new Map<number, Buffer[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = data.readUInt8(at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Buffer => {
    at += length;
    return data.subarray(at - length, at);
  };
  while (at < data.length) {
    const tag = Number(varint());
    const [field, wireType] = [tag >> 3, tag & 7];
    let value: Buffer;
    if (wireType === 0) {
      value = Buffer.alloc(8);
      value.writeBigUInt64LE(varint());
    } else if (wireType === 1) value = take(8);
    else if (wireType === 2) value = take(Number(varint()));
    else if (wireType === 5) value = take(4);
    else throw new Error(`wire type ${wireType}`);
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

/** CRC-32C bit by bit, rotated and shifted as TFRecord has it. */
function masked(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
