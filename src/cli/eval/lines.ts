/** @file The results of an evaluation, for a person. */

import type { Evaluation, ValidationResult } from '../../eval/evaluate.ts';
import type { HellaswagResult } from '../../eval/hellaswag.ts';
import { HELLASWAG_EXAMPLES } from '../../eval/hellaswag-source.ts';
import { formatCount } from '../../support/format.ts';
import { textTable } from '../terminal/table.ts';

/** `HellaSwag accuracy: 2982/10042=0.2970`: by mean log-probability per token, as results are commonly given. */
export function hellaswagLine({ correctNorm, total, accuracyNorm }: HellaswagResult): string {
  return `HellaSwag accuracy: ${correctNorm}/${total}=${accuracyNorm.toFixed(4)}`;
}

/** One model. */
export function evaluationLines({ name, parameters, validation, hellaswag }: Evaluation): string[] {
  const lines = [`${name}: ${formatCount(parameters)} parameters`];
  if (validation) {
    const { loss, tokens, sequenceLength, bitsPerByte } = validation;
    lines.push(
      `validation loss: ${loss.toFixed(4)} over ${formatCount(tokens)} tokens in rows of ${formatCount(sequenceLength)}, ${bitsPerByte.toFixed(4)} bits per byte`,
    );
  }
  if (hellaswag) lines.push(`${hellaswagLine(hellaswag)} (by summed log-likelihood ${hellaswag.accuracy.toFixed(4)})`);
  return lines;
}

/**
 * Several models, one row each. Losses of rows of different lengths cannot be compared, so the lengths stand beside them;
 * an accuracy on part of HellaSwag has the number of its examples beside it.
 */
export function evaluationTable(evaluations: readonly Evaluation[]): string {
  const hasValidation = evaluations.some(({ validation }) => validation);
  const lengths = new Set(evaluations.map(({ validation }) => validation?.sequenceLength));
  const hasHellaswag = evaluations.some(({ hellaswag }) => hellaswag);
  const head = [
    'checkpoint',
    'parameters',
    ...(hasValidation ? ['val loss', ...(lengths.size > 1 ? ['in rows of'] : []), 'bits/byte'] : []),
    ...(hasHellaswag ? ['HellaSwag', 'summed'] : []),
  ];
  const rows = evaluations.map(({ name, parameters, validation, hellaswag }) => [
    name,
    formatCount(parameters),
    ...(validation ? lossCells(validation, lengths.size > 1) : []),
    ...(hellaswag ? [accuracyCell(hellaswag), hellaswag.accuracy.toFixed(4)] : []),
  ]);
  return textTable(head, rows);
}

function lossCells({ loss, sequenceLength, bitsPerByte }: ValidationResult, withLength: boolean): string[] {
  return [loss.toFixed(4), ...(withLength ? [formatCount(sequenceLength)] : []), bitsPerByte.toFixed(4)];
}

/** `0.2955`, or `0.2500 (1/4)` on part of the examples. */
function accuracyCell({ accuracyNorm, correctNorm, total }: HellaswagResult): string {
  const accuracy = accuracyNorm.toFixed(4);
  return total === HELLASWAG_EXAMPLES ? accuracy : `${accuracy} (${correctNorm}/${total})`;
}
