/** @file The hardware a run is planned for: built-in profiles, and those of a JSON file. */

import { z } from 'zod';
import { UserError } from '../support/errors.ts';
import { readJsonFile } from '../support/json-file.ts';
import { nearestName } from '../support/suggest.ts';

const positive = z.number().positive();

const linkSchema = z.strictObject({
  /** What an all-reduce reaches, in bytes/s for each device and direction (NCCL's bus bandwidth). */
  bandwidth: positive,
  /** Of one message, in seconds. */
  latency: z.number().nonnegative(),
});

const ratesSchema = z.strictObject({ fp32: positive, bf16: positive });

const hardwareSchema = z.strictObject({
  name: z.string().min(1),
  /** Dense FLOP/s as the maker states them, which MFU is relative to. fp32 is without TF32. */
  peak: ratesSchema,
  /** FLOP/s that a large matrix product reaches. */
  products: ratesSchema,
  /** Of one device, in bytes. */
  memory: positive,
  /** Bytes of a device that the driver and the libraries take. */
  reserved: z.number().nonnegative(),
  /** Bytes/s of a large copy, read and written. */
  memoryBandwidth: positive,
  /** Seconds that each kernel takes besides its work. */
  launch: z.number().nonnegative(),
  /** Of one device under load, without its share of the host. */
  watts: positive,
  devicesPerNode: z.int().min(1),
  /** Between the devices of a node. */
  link: linkSchema,
  /** Between nodes, for each device. */
  network: linkSchema,
});

export type Hardware = z.output<typeof hardwareSchema>;

const TERA = 1e12;
const GIGA = 1e9;

/** Kernels in a captured graph follow each other within this time. */
const GRAPH_LAUNCH = 1.5e-6;

/** Sources of the figures, these and those below: docs/scaling.md. */
const H100: Hardware = {
  name: 'H100 SXM 80 GB',
  peak: { fp32: 67 * TERA, bf16: 989.4 * TERA },
  products: { fp32: 51 * TERA, bf16: 780 * TERA },
  memory: 80 * GIGA,
  reserved: 0.6 * GIGA,
  memoryBandwidth: 3.0 * TERA,
  launch: GRAPH_LAUNCH,
  watts: 700,
  devicesPerNode: 8,
  link: { bandwidth: 360 * GIGA, latency: 5e-6 },
  network: { bandwidth: 42 * GIGA, latency: 15e-6 },
};

const PROFILES: Readonly<Record<string, Hardware>> = {
  'a100-80gb': {
    name: 'A100 SXM 80 GB',
    peak: { fp32: 19.5 * TERA, bf16: 312 * TERA },
    products: { fp32: 19 * TERA, bf16: 296 * TERA },
    memory: 80 * GIGA,
    reserved: 0.6 * GIGA,
    memoryBandwidth: 1.84 * TERA,
    launch: GRAPH_LAUNCH,
    watts: 400,
    devicesPerNode: 8,
    link: { bandwidth: 230 * GIGA, latency: 5e-6 },
    network: { bandwidth: 20 * GIGA, latency: 15e-6 },
  },
  h100: H100,
  h200: {
    ...H100,
    name: 'H200 SXM 141 GB',
    products: { fp32: 51 * TERA, bf16: 790 * TERA },
    memory: 141 * GIGA,
    memoryBandwidth: 4.3 * TERA,
  },
  'rtx-4090': {
    name: 'RTX 4090 24 GB',
    peak: { fp32: 82.6 * TERA, bf16: 165.2 * TERA },
    products: { fp32: 60 * TERA, bf16: 155 * TERA },
    memory: 24 * GIGA,
    reserved: 0.6 * GIGA,
    memoryBandwidth: 0.92 * TERA,
    launch: GRAPH_LAUNCH,
    watts: 450,
    devicesPerNode: 4,
    link: { bandwidth: 10 * GIGA, latency: 20e-6 },
    network: { bandwidth: 2.5 * GIGA, latency: 30e-6 },
  },
};

const HARDWARE_NAMES = Object.keys(PROFILES);

/**
 * The profile of that name, or of a JSON file.
 * @throws UserError when there is no such profile, or the file cannot be read or lacks a field.
 */
export async function findHardware(name: string): Promise<Hardware> {
  const known = PROFILES[name];
  if (known) return known;
  if (name.endsWith('.json')) return readJsonFile(hardwareSchema, name);
  const meant = nearestName(name, HARDWARE_NAMES);
  throw new UserError(
    `expected hardware: this, ${HARDWARE_NAMES.join(', ')}, or a .json file with a profile; found ${name}${meant ? `; did you mean ${meant}?` : ''}`,
  );
}
