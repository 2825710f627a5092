/** @file Evaluates a model that is not in training: validation loss, bits per byte, HellaSwag. */

import type { EvaluationBatches } from '../data/batches/evaluation-batches.ts';
import type { ParameterLayout } from '../engine/layout.ts';
import type { Plan } from '../engine/plan.ts';
import type { Backend } from '../engine/runtime/backend.ts';
import { singleProcess } from '../engine/runtime/communicator.ts';
import { checkMemory } from '../engine/runtime/memory.ts';
import { Session, sessionBytes } from '../engine/runtime/session.ts';
import type { Weights } from '../generate/initial-weights.ts';
import { layoutForInference, planWeightCopies } from '../generate/programs.ts';
import { parameterCount } from '../model/flops.ts';
import { copiesForManyRows } from '../model/gpt2.ts';
import { type InferencePrecision, inferenceTypes } from '../model/inference-precision.ts';
import { bitsPerByte, targetBytes } from './bits-per-byte.ts';
import { type ValidationOptions, validationBatches, withModelName } from './fit.ts';
import { type HellaswagResult, hellaswag } from './hellaswag.ts';
import type { HellaswagExample } from './hellaswag-examples.ts';
import { type HellaswagTask, hellaswagTask } from './hellaswag-task.ts';
import { packedTokens, planLosses, planScoring } from './programs.ts';
import { Scorer } from './scorer.ts';
import { validationLoss } from './validation-loss.ts';

export interface EvaluationOptions extends ValidationOptions {
  readonly precision: InferencePrecision;
  /** Undefined for no HellaSwag. */
  readonly examples: readonly HellaswagExample[] | undefined;
}

export interface ValidationResult {
  /** Nats per token. */
  readonly loss: number;
  readonly tokens: number;
  /** Tokens of a row: losses at different lengths cannot be compared. */
  readonly sequenceLength: number;
  readonly bytes: number;
  readonly bitsPerByte: number;
}

/** The results of a model; what was not asked for is left out. */
export interface Evaluation {
  readonly name: string;
  readonly path: string;
  readonly parameters: number;
  readonly validation?: ValidationResult;
  readonly hellaswag?: HellaswagResult;
}

export interface EvaluationProgress {
  readonly task: 'validation' | 'hellaswag';
  readonly done: number;
  readonly total: number;
}

/** A model with what it is evaluated on, and the programs for that. */
export interface PlannedEvaluation {
  readonly weights: Weights;
  readonly batches: EvaluationBatches | undefined;
  readonly task: HellaswagTask | undefined;
  readonly layout: ParameterLayout;
  readonly plans: Readonly<Record<string, Plan>>;
}

/**
 * Plans the evaluation of a model on a backend that was opened for the activations of `options.precision`.
 * @throws UserError naming the model when it and the data do not fit together, or there is not enough memory.
 */
export function planEvaluation(backend: Backend, weights: Weights, options: EvaluationOptions): PlannedEvaluation {
  const { config, name } = weights;
  const { batchSize, examples } = options;
  const types = inferenceTypes(options.precision);
  const batches = withModelName(name, () => validationBatches(options, config));
  const length = batches?.sequenceLength ?? config.contextLength;
  const task = examples && withModelName(name, () => hellaswagTask(examples, config));

  const layout = layoutForInference(config);
  const tokens = packedTokens(config, batchSize * length);
  const plans = {
    copies: planWeightCopies(config, layout, backend, copiesForManyRows(types.copies)),
    ...(batches ? { losses: planLosses(config, layout, backend, { batch: batchSize, length, ...types }) } : {}),
    ...(task ? { score: planScoring(config, layout, backend, { tokens, top: 0, ...types }) } : {}),
  };
  const bytes = sessionBytes(layout, Object.values(plans));
  checkMemory(backend, bytes, `evaluating ${name}`, () => 'lower --batch-size');
  return { weights, batches, task, layout, plans };
}

/** Evaluates a model on the backend it was planned for. Yields its progress; returns undefined when it was stopped. */
export async function* evaluateModel(
  backend: Backend,
  { weights, batches, task, layout, plans }: PlannedEvaluation,
  signal?: AbortSignal,
): AsyncGenerator<EvaluationProgress, Evaluation | undefined> {
  const { config, name, path } = weights;
  const session = new Session<string>(backend, layout, plans);
  try {
    await weights.load(session);
    await session.program('copies').run({}, { signal });
    let validation: ValidationResult | undefined;
    if (batches) {
      const total = batches.batchCount;
      const loss = yield* reportProgress(
        'validation',
        total,
        validationLoss(session.program('losses'), batches, singleProcess, signal),
      );
      if (loss === undefined) return undefined;
      const { tokenCount: tokens, sequenceLength } = batches;
      const textBytes = targetBytes(batches);
      validation = {
        loss,
        tokens,
        sequenceLength,
        bytes: textBytes,
        bitsPerByte: bitsPerByte(loss, tokens, textBytes),
      };
    }
    let result: HellaswagResult | undefined;
    if (task) {
      const scorer = new Scorer(session.program('score'), config.contextLength);
      result = yield* reportProgress('hellaswag', task.labels.length, hellaswag(scorer, task, singleProcess, signal));
      if (result === undefined) return undefined;
    }
    return {
      name,
      path,
      parameters: parameterCount(config),
      ...(validation ? { validation } : {}),
      ...(result ? { hellaswag: result } : {}),
    };
  } finally {
    session.close();
  }
}

async function* reportProgress<T>(
  task: EvaluationProgress['task'],
  total: number,
  evaluation: AsyncGenerator<number, T>,
): AsyncGenerator<EvaluationProgress, T> {
  let next = await evaluation.next();
  for (; !next.done; next = await evaluation.next()) yield { task, done: next.value, total };
  return next.value;
}
