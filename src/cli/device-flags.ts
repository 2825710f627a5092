/** @file The flags of every command that runs a model on a device. */

import { InvalidArgumentError, Option } from 'commander';
import { DEFAULT_DEVICE, DEVICE_NAMES, type DeviceName, parseDevice } from '../backends/device-names.ts';
import { INFERENCE_PRECISIONS } from '../model/inference-precision.ts';
import { processorCount } from '../support/processors.ts';
import { wholeNumber } from './flags.ts';

export function precisionFlag(): Option {
  return new Option('--precision <type>', 'type of products and activations; int8: bf16 with 8-bit weights')
    .choices(INFERENCE_PRECISIONS)
    .default(INFERENCE_PRECISIONS[0]);
}

export function threadsFlag(): Option {
  return new Option('--threads <n>', 'CPU threads').argParser(wholeNumber(1, 4096)).default(processorCount());
}

export function deviceFlag(): Option {
  return new Option('--device <name>', `device to run on: ${DEVICE_NAMES}`)
    .argParser(deviceName)
    .default(DEFAULT_DEVICE);
}

/** The value of `--device`. */
export function deviceName(text: string): DeviceName {
  const device = parseDevice(text);
  if (device === undefined) throw new InvalidArgumentError(`Expected ${DEVICE_NAMES}.`);
  return device;
}
