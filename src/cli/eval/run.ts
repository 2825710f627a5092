/** @file What `minillm eval` does. */

import type { DeviceName } from '../../backends/device-names.ts';
import { openBackend } from '../../backends/open.ts';
import { openDataset } from '../../data/shards/dataset.ts';
import type { Backend } from '../../engine/runtime/backend.ts';
import {
  type Evaluation,
  type EvaluationOptions,
  evaluateModel,
  type PlannedEvaluation,
  planEvaluation,
} from '../../eval/evaluate.ts';
import { checkFit } from '../../eval/fit.ts';
import { selectExamples } from '../../eval/hellaswag-examples.ts';
import { openHellaswag } from '../../eval/hellaswag-file.ts';
import type { Weights } from '../../generate/initial-weights.ts';
import { type InferencePrecision, inferenceTypes } from '../../model/inference-precision.ts';
import { UserError } from '../../support/errors.ts';
import { closeAll, openCheckpoints } from '../inputs/checkpoints.ts';
import { localHellaswag } from '../inputs/hellaswag.ts';
import { Progress } from '../terminal/progress.ts';
import { abortOnSignals } from '../terminal/signals.ts';
import { TaskClock } from '../terminal/time-left.ts';
import { evaluationLines, evaluationTable } from './lines.ts';

export interface EvalFlags {
  readonly checkpoint: readonly string[];
  readonly data?: string;
  readonly evalTokens: number;
  readonly sequenceLength?: number;
  readonly hellaswag?: string;
  readonly limit?: number;
  readonly every: number;
  readonly batchSize: number;
  readonly precision: InferencePrecision;
  readonly threads: number;
  readonly device: DeviceName;
  readonly json?: true;
}

/**
 * Evaluates one checkpoint after another and prints the results. Whatever can be known to be wrong with any of them is
 * reported before the first is evaluated and before HellaSwag is downloaded.
 */
export async function runEval(flags: EvalFlags): Promise<void> {
  const { checkpoint, data, evalTokens, sequenceLength, batchSize, hellaswag } = flags;
  const dataset = data ? await openDataset(data) : undefined;
  try {
    if (dataset && dataset.validation.shards.length === 0)
      throw new UserError(`${data}: expected validation shards (val_000000.bin, …), found none; build the data again`);
    const validation = { shards: dataset?.validation, evalTokens, sequenceLength };
    const needs = { ...validation, hellaswag: hellaswag !== undefined };
    const opened = await openCheckpoints(checkpoint, (weights) => checkFit(weights, needs));
    try {
      await evaluateAll(opened, flags, { ...validation, batchSize, examples: await readExamples(flags) });
    } finally {
      await closeAll(opened);
    }
  } finally {
    dataset?.close();
  }
}

async function readExamples({ hellaswag, limit, every }: EvalFlags) {
  if (hellaswag === undefined) return undefined;
  await localHellaswag(hellaswag, new Progress());
  return selectExamples(await openHellaswag(hellaswag), { every, ...(limit === undefined ? {} : { limit }) });
}

async function evaluateAll(
  opened: readonly Weights[],
  { precision, threads, device, json }: EvalFlags,
  data: Omit<EvaluationOptions, 'precision'>,
): Promise<void> {
  const backend = await openBackend({ precision: inferenceTypes(precision).precision, threads, device });
  try {
    const planned = opened.map((weights) => planEvaluation(backend, weights, { ...data, precision }));
    await abortOnSignals(async (signal) => {
      const found: Evaluation[] = [];
      for (const plan of planned) {
        const evaluation = await evaluateOne(backend, plan, signal);
        if (!evaluation) return;
        found.push(evaluation);
        if (json) console.log(JSON.stringify(evaluation));
        else for (const line of evaluationLines(evaluation)) console.log(line);
      }
      if (!json && found.length > 1) console.log(evaluationTable(found));
    }, 'stopping (again to quit now)');
  } finally {
    await backend.close();
  }
}

async function evaluateOne(
  backend: Backend,
  planned: PlannedEvaluation,
  signal: AbortSignal,
): Promise<Evaluation | undefined> {
  const { name } = planned.weights;
  const progress = new Progress();
  const clock = new TaskClock();
  try {
    const evaluation = evaluateModel(backend, planned, signal);
    let next = await evaluation.next();
    for (; !next.done; next = await evaluation.next()) {
      const { task, done, total } = next.value;
      progress.update(clock.line(`${name} | ${task} ${done}/${total}`, task, done, total));
    }
    return next.value;
  } finally {
    progress.clear();
  }
}
