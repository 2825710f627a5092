/** @file What was found out of a model, for a person. */

import type { Evaluation } from '../eval/evaluate.ts';
import type { HellaswagResult } from '../eval/hellaswag.ts';
import { HELLASWAG_EXAMPLES } from '../eval/hellaswag-source.ts';
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

/** Several models, a row each; beside an accuracy on a part of HellaSwag alone stands how many examples it is of. */
export function evaluationTable(evaluations: readonly Evaluation[]): string {
  const hasValidation = evaluations.some(({ validation }) => validation);
  const hasHellaswag = evaluations.some(({ hellaswag }) => hellaswag);
  const head = [
    'checkpoint',
    'parameters',
    ...(hasValidation ? ['val loss', 'bits/byte'] : []),
    ...(hasHellaswag ? ['HellaSwag', 'summed'] : []),
  ];
  const rows = evaluations.map(({ name, parameters, validation, hellaswag }) => [
    name,
    formatCount(parameters),
    ...(validation ? [validation.loss.toFixed(4), validation.bitsPerByte.toFixed(4)] : []),
    ...(hellaswag ? [accuracyCell(hellaswag), hellaswag.accuracy.toFixed(4)] : []),
  ]);
  return textTable(head, rows);
}

/** `0.2955`, of a part of the examples `0.2500 (1/4)`. */
function accuracyCell({ accuracyNorm, correctNorm, total }: HellaswagResult): string {
  const accuracy = accuracyNorm.toFixed(4);
  return total === HELLASWAG_EXAMPLES ? accuracy : `${accuracy} (${correctNorm}/${total})`;
}
