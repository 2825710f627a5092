/** @file What `minillm eval` does. */

import { openBackend } from '../backends/open.ts';
import { openDataset } from '../data/dataset.ts';
import type { Precision } from '../engine/tensor.ts';
import { type Evaluation, type EvaluationOptions, evaluateModel } from '../eval/evaluate.ts';
import { selectExamples } from '../eval/hellaswag-examples.ts';
import { openHellaswag } from '../eval/hellaswag-file.ts';
import { openWeights } from '../eval/weights.ts';
import { isHubModel } from '../hub/model-name.ts';
import { UserError } from '../support/errors.ts';
import { evaluationLines, evaluationTable } from './evaluation-lines.ts';
import { localCheckpoint } from './local-checkpoint.ts';
import { localHellaswag } from './local-hellaswag.ts';
import { Progress } from './progress.ts';
import { abortOnSignals } from './signals.ts';

export interface EvalFlags {
  readonly checkpoint: readonly string[];
  readonly data?: string;
  readonly evalTokens: number;
  readonly sequenceLength?: number;
  readonly hellaswag?: string;
  readonly limit?: number;
  readonly every: number;
  readonly batchSize: number;
  readonly precision: Precision;
  readonly threads: number;
  readonly device: 'cpu';
  readonly json?: true;
}

/** Evaluates one checkpoint after the other and prints what was found. */
export async function runEval(flags: EvalFlags): Promise<void> {
  const { checkpoint, data, evalTokens, sequenceLength, batchSize, precision, threads, device, json } = flags;
  const dataset = data ? await openDataset(data) : undefined;
  try {
    if (dataset && dataset.validation.shards.length === 0)
      throw new UserError(`${data}: expected validation shards (val_000000.bin, …), found none; build the data again`);
    const examples = await examplesOf(flags);
    const named: { readonly name: string; readonly folder: string }[] = [];
    for (const name of checkpoint) named.push({ name, folder: await localCheckpoint(name, new Progress()) });
    const backend = await openBackend({ precision, threads, device });
    try {
      await abortOnSignals(async (signal) => {
        const shards = dataset?.validation;
        const options = { precision, shards, evalTokens, batchSize, sequenceLength, examples, signal };
        const found: Evaluation[] = [];
        for (const { name, folder } of named) {
          const evaluation = await evaluateOne(name, folder, backend, options);
          if (!evaluation) return;
          found.push(evaluation);
          if (json) console.log(JSON.stringify(evaluation));
          else for (const line of evaluationLines(evaluation)) console.log(line);
        }
        if (!json && found.length > 1) console.log(evaluationTable(found));
      }, 'stopping (again to end now)');
    } finally {
      await backend.close();
    }
  } finally {
    dataset?.close();
  }
}

async function examplesOf({ hellaswag, limit, every }: EvalFlags) {
  if (hellaswag === undefined) return undefined;
  await localHellaswag(hellaswag, new Progress());
  return selectExamples(await openHellaswag(hellaswag), { every, ...(limit === undefined ? {} : { limit }) });
}

async function evaluateOne(
  name: string,
  folder: string,
  backend: Parameters<typeof evaluateModel>[0],
  options: EvaluationOptions,
): Promise<Evaluation | undefined> {
  const progress = new Progress();
  // a model of the hub lies somewhere in the cache; other names say where they lead to
  const weights = await openWeights(folder, isHubModel(name) ? name : undefined);
  try {
    const evaluation = evaluateModel(backend, weights, options);
    let next = await evaluation.next();
    for (; !next.done; next = await evaluation.next()) {
      const { task, done, total } = next.value;
      progress.update(`${weights.name} | ${task} ${done}/${total}`);
    }
    return next.value;
  } finally {
    progress.clear();
    await weights.close();
  }
}
