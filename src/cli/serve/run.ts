/** @file What `minillm serve` does. */

import { once } from 'node:events';
import { completionsApp } from '../../app/server/completions/completions.ts';
import { FAREWELL_SECONDS, STOPPING_SECONDS } from '../../app/server/completions/limits.ts';
import { listen, type RunningServer } from '../../app/server/listen.ts';
import { ModelPool } from '../../app/server/models/model-pool.ts';
import { comparedSource, type MainSource, mainSource, UNTRAINED } from '../../app/server/models/model-source.ts';
import type { ModelSource } from '../../app/server/models/served-model.ts';
import { type AccessOptions, serveApp } from '../../app/server/serve-app.ts';
import { ServerState } from '../../app/server/server-state.ts';
import type { DeviceName } from '../../backends/device-names.ts';
import { openBackend } from '../../backends/open.ts';
import { parameterCount } from '../../model/flops.ts';
import { type InferencePrecision, inferenceTypes } from '../../model/inference-precision.ts';
import { UserError } from '../../support/errors.ts';
import { formatCount } from '../../support/format.ts';
import { localCheckpoint } from '../inputs/checkpoint.ts';
import { Progress } from '../terminal/progress.ts';
import { abortOnSignals } from '../terminal/signals.ts';
import { loadModels } from './load-models.ts';

export interface ServeFlags {
  readonly checkpoint: string;
  /** False for none. */
  readonly compare: string | false;
  /** Whether the user asked for it, so that it must be there. */
  readonly isCompareGiven: boolean;
  readonly modelName?: string;
  readonly host: string;
  readonly port: number;
  readonly apiKey?: string;
  readonly allowedHost: readonly string[];
  readonly corsOrigin: readonly string[];
  readonly rateLimit: number;
  readonly precision: InferencePrecision;
  readonly threads: number;
  readonly device: DeviceName;
}

/** Serves until the process is asked to stop. @throws DeviceLost when the device fails: another process may have more luck */
export async function runServe(flags: ServeFlags, version: string): Promise<void> {
  const { host, port, apiKey, rateLimit } = flags;
  if (apiKey === '') throw new UserError('--api-key, MINILLM_API_KEY: expected a key, found an empty one');
  const progress = new Progress();
  const main = await mainSource(flags.checkpoint, await localCheckpoint(flags.checkpoint, progress), flags.modelName);
  const compared = await findCompared(main, flags, progress);
  const state = new ServerState();
  const access: AccessOptions = { apiKey, rateLimit, corsOrigins: flags.corsOrigin };
  const lost = new AbortController();
  await abortOnSignals(async (signal) => {
    const app = serveApp(state, version, access, main.runFolder);
    const server = await listen(app, { host, port, isFixed: true, allowedHosts: flags.allowedHost });
    try {
      const pool = await openPool(main, flags);
      try {
        const show = (message: string): void => {
          state.message = message;
          progress.update(`${server.url}: ${message}`);
        };
        await loadModels(pool, compared, { isComparedNeeded: flags.isCompareGiven, show });
        state.api = completionsApp(pool, (cause) => lost.abort(cause));
        progress.clear();
        report(pool, server);
        const end = AbortSignal.any([signal, lost.signal]);
        if (!end.aborted) await once(end, 'abort');
        await state.stop(1000 * STOPPING_SECONDS);
      } finally {
        await pool.close();
      }
      // what could not be answered is told so
      await state.stop(1000 * FAREWELL_SECONDS);
    } finally {
      await server.close();
    }
    if (!signal.aborted) lost.signal.throwIfAborted();
    // to be stopped is how a server ends
    process.exitCode = 0;
  }, 'stopping once what was asked is answered (again to quit now)');
}

async function openPool(main: MainSource, { precision, threads, device }: ServeFlags): Promise<ModelPool> {
  const backend = await openBackend({ precision: inferenceTypes(precision).precision, threads, device });
  return new ModelPool(backend, precision, main);
}

/** The initial weights of what is itself untrained say nothing new. */
async function findCompared(
  main: MainSource,
  { compare, isCompareGiven }: ServeFlags,
  progress: Progress,
): Promise<ModelSource | undefined> {
  if (compare === false || (!isCompareGiven && main.key.startsWith(UNTRAINED))) return undefined;
  const folder = compare === UNTRAINED ? compare : await localCheckpoint(compare, progress);
  return comparedSource(main, compare, folder);
}

function report({ main, compared, backend, precision }: ModelPool, { url }: RunningServer): void {
  const beside = compared ? ` beside ${compared.id}` : '';
  console.log(`${main.id}${beside}: ${formatCount(parameterCount(main.config))} parameters, ${precision}`);
  console.log(`device: ${backend.description}`);
  console.log(`serving ${url} and ${url}v1/completions (Ctrl-C stops it)`);
}
