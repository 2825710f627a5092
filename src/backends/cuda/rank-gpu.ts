/** @file The GPU of a rank as collectives need it: they may be opened before the backend that trains on it. */

import type { DeviceBuffer } from '../../engine/runtime/backend.ts';
import { openDriver } from '../../native/cuda/driver.ts';
import { openDevice } from './device.ts';

/** Opens a GPU for collectives, with a stream of its own. */
export async function openRankGpu(ordinal: number) {
  const device = openDevice(await openDriver(), ordinal);
  const { driver, context, stream } = device;
  return {
    driver: driver.path,
    context,
    stream,
    memory: {
      allocate: (bytes: number): DeviceBuffer => ({ address: device.allocate(bytes), bytes }),
      free: ({ address }: DeviceBuffer): void => device.release(() => driver.free(address)),
      write: ({ address }: DeviceBuffer, byteOffset: number, source: ArrayBufferView): Promise<void> =>
        device.write(address + byteOffset, source),
      read: ({ address }: DeviceBuffer, byteOffset: number, target: ArrayBufferView): Promise<void> =>
        device.read(address + byteOffset, target),
    },
  };
}
