/** @file Time, energy and money of a whole run. */

import type { Hardware } from './hardware.ts';
import type { RunPlan } from './run-plan.ts';

/** The power of a host without its devices, as a share of theirs: processors, memory, fans, losses. */
const HOST_SHARE = 0.4;
const HOUR = 3600;

export interface Prices {
  /** Per device and hour. */
  readonly deviceHour?: number | undefined;
  /** Per kWh. */
  readonly energy?: number | undefined;
}

export interface RunCost {
  readonly seconds: number;
  readonly deviceHours: number;
  readonly kilowattHours: number;
  /** In the currency of the prices; undefined without one. */
  readonly price: number | undefined;
}

/** The cost of so many steps, without evaluations, samples and checkpoints. */
export function runCost(
  { ranks, time }: Pick<RunPlan, 'ranks' | 'time'>,
  steps: number,
  hardware: Hardware,
  prices: Prices,
): RunCost {
  const seconds = steps * time.seconds;
  const deviceHours = (ranks * seconds) / HOUR;
  const kilowattHours = (deviceHours * hardware.watts * (1 + HOST_SHARE)) / 1000;
  const { deviceHour, energy } = prices;
  const price =
    deviceHour === undefined && energy === undefined
      ? undefined
      : deviceHours * (deviceHour ?? 0) + kilowattHours * (energy ?? 0);
  return { seconds, deviceHours, kilowattHours, price };
}
