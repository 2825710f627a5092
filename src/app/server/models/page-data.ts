/** @file What the page is told about the models: `/app/models.json`. */

import { parameterCount } from '../../../model/flops.ts';
import { streamMetrics } from '../../../runs/metrics.ts';
import { UserError } from '../../../support/errors.ts';
import { VOCABULARY_SIZE } from '../../../support/gpt2-vocabulary.ts';
import { MAX_LOGPROBS } from '../completions/limits.ts';
import { ThinnedRows } from '../dashboard/thinned-rows.ts';
import type { ModelPool } from './model-pool.ts';
import { checkpointSources } from './model-source.ts';

const MAX_CURVE_POINTS = 500;
/** How long what was read from the run's folder is told again: a run may still be trained. */
const FRESH_MILLISECONDS = 10_000;

interface CurvePoint {
  readonly step: number;
  readonly loss: number;
}

interface RunCurves {
  readonly curve: readonly CurvePoint[];
  readonly validationLosses: ReadonlyMap<number, number>;
}

async function describeModels(pool: ModelPool) {
  const { main, compared, precision } = pool;
  const { curve, validationLosses } = await readCurves(main.runFolder);
  const steps = (await checkpointSources(main)).map(({ step, id }) => ({
    ...{ step, id },
    validationLoss: validationLosses.get(step) ?? null,
  }));
  const contextLength = Math.min(main.config.contextLength, compared?.config.contextLength ?? Number.POSITIVE_INFINITY);
  return {
    main: main.id,
    compared: compared?.id ?? null,
    hasRun: main.runFolder !== undefined,
    steps,
    curve,
    limits: { contextLength, maxTokens: contextLength - 1, maxLogprobs: MAX_LOGPROBS },
    parameters: parameterCount(main.config),
    precision,
    uniformLoss: Math.log(VOCABULARY_SIZE),
  };
}

/** The description of a pool, read anew now and then. */
export function modelsDescription(pool: ModelPool): () => ReturnType<typeof describeModels> {
  let read: { readonly at: number; readonly description: ReturnType<typeof describeModels> } | undefined;
  return () => {
    const now = performance.now();
    if (!read || now - read.at > FRESH_MILLISECONDS) read = { at: now, description: describeModels(pool) };
    return read.description;
  };
}

/** What a run has measured; nothing where there is no run, and what came before the damage of a damaged file. */
export async function readCurves(runFolder: string | undefined): Promise<RunCurves> {
  const merge = (earlier: CurvePoint, later: CurvePoint): CurvePoint => ({
    step: later.step,
    loss: (earlier.loss + later.loss) / 2,
  });
  const losses = new ThinnedRows<CurvePoint>(MAX_CURVE_POINTS, merge);
  const validationLosses = new Map<number, number>();
  try {
    if (runFolder !== undefined)
      for await (const line of streamMetrics(runFolder)) {
        if (line.kind === 'train' && Number.isFinite(line.loss)) losses.add({ step: line.step, loss: line.loss });
        if (line.kind === 'eval' && Number.isFinite(line.validationLoss ?? Number.NaN))
          validationLosses.set(line.step, line.validationLoss ?? 0);
      }
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
  }
  return { curve: losses.rows, validationLosses };
}
