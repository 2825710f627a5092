/** @file The flag `--log-to`: the programs that a run can be logged to while it trains. */

import { InvalidArgumentError } from 'commander';
import { oneOf } from '../flags.ts';

export const LOGGERS = ['tensorboard', 'trackio'] as const;
export type LoggerName = (typeof LOGGERS)[number];

/** Names with commas between them, each taken once. */
export function loggerNames(text: string): LoggerName[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name === '')) throw new InvalidArgumentError(`Allowed choices are ${LOGGERS.join(', ')}.`);
  return [...new Set(names.map((name) => oneOf(LOGGERS)(name) as LoggerName))];
}
