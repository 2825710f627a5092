/** @file What was found out of a model, for a person. */

import type { Evaluation } from '../eval/evaluate.ts';
import type { HellaswagResult } from '../eval/hellaswag.ts';
import { formatCount } from '../support/format.ts';
import { textTable } from './text-table.ts';

/** `HellaSwag accuracy: 2982/10042=0.2970`: by mean log-probability a token, as results are commonly given. */
export function hellaswagLine({ correctNorm, total, accuracyNorm }: HellaswagResult): string {
  return `HellaSwag accuracy: ${correctNorm}/${total}=${accuracyNorm.toFixed(4)}`;
}

/** One model. */
export function evaluationLines({ name, parameters, validation, hellaswag }: Evaluation): string[] {
  const lines = [`${name}: ${formatCount(parameters)} parameters`];
  if (validation) {
    const { loss, tokens, bitsPerByte } = validation;
    lines.push(
      `validation loss: ${loss.toFixed(4)} over ${formatCount(tokens)} tokens, ${bitsPerByte.toFixed(4)} bits per byte`,
    );
  }
  if (hellaswag) lines.push(`${hellaswagLine(hellaswag)} (by summed log-likelihood ${hellaswag.accuracy.toFixed(4)})`);
  return lines;
}

/** Several models, a row each. */
export function evaluationTable(evaluations: readonly Evaluation[]): string {
  const hasValidation = evaluations.some(({ validation }) => validation);
  const hasHellaswag = evaluations.some(({ hellaswag }) => hellaswag);
  const head = [
    'checkpoint',
    'parameters',
    ...(hasValidation ? ['validation loss', 'bits per byte'] : []),
    ...(hasHellaswag ? ['HellaSwag', 'HellaSwag, summed'] : []),
  ];
  const rows = evaluations.map(({ name, parameters, validation, hellaswag }) => [
    name,
    formatCount(parameters),
    ...(validation ? [validation.loss.toFixed(4), validation.bitsPerByte.toFixed(4)] : []),
    ...(hellaswag ? [hellaswag.accuracyNorm.toFixed(4), hellaswag.accuracy.toFixed(4)] : []),
  ]);
  return textTable(head, rows);
}
