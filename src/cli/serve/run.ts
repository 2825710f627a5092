/** @file What `minillm serve` does. */

import { once } from 'node:events';
import { completionsApp } from '../../app/server/completions/completions.ts';
import { openLanguageModel } from '../../app/server/completions/language-model.ts';
import { MAX_LOGPROBS } from '../../app/server/completions/limits.ts';
import { listen } from '../../app/server/listen.ts';
import type { DeviceName } from '../../backends/devices.ts';
import type { Precision } from '../../engine/tensor.ts';
import { parameterCount } from '../../model/flops.ts';
import { formatCount } from '../../support/format.ts';
import { localCheckpoint } from '../inputs/checkpoint.ts';
import { Progress } from '../terminal/progress.ts';
import { abortOnSignals } from '../terminal/signals.ts';

export interface ServeFlags {
  readonly checkpoint: string;
  readonly host: string;
  readonly port: number;
  readonly precision: Precision;
  readonly threads: number;
  readonly device: DeviceName;
}

/** Serves until the process is asked to stop. */
export async function runServe({ checkpoint, host, port, precision, threads, device }: ServeFlags): Promise<void> {
  const folder = await localCheckpoint(checkpoint, new Progress());
  const options = { name: checkpoint, precision, threads, device };
  const model = await openLanguageModel(folder, MAX_LOGPROBS, options);
  try {
    await abortOnSignals(async (signal) => {
      const server = await listen(completionsApp(model), { host, port, isFixed: true });
      console.log(`${checkpoint}: ${formatCount(parameterCount(model.config))} parameters, ${precision}`);
      console.log(`device: ${model.device}`);
      console.log(`serving ${server.url}v1/completions (Ctrl-C stops it)`);
      if (!signal.aborted) await once(signal, 'abort');
      await server.close();
    }, 'stopping (again to quit now)');
  } finally {
    await model.close();
  }
}
