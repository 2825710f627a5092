/** @file Loss, perplexity and bits per byte of a text, beside those of guessing evenly among all tokens. */

import { formatOdds } from '../tokens/format-probability.ts';
import type { Token } from '../tokens/token.ts';
import { figuresOf, textFigures } from './text-figures.ts';

/** How far the meter of a model goes that guesses; one that is wrong about what it was sure of goes beyond. */
const GUESSING_PERCENT = 75;

interface FiguresProps {
  readonly tokens: readonly Token[];
  readonly uniformLoss: number;
}

export function Figures({ tokens, uniformLoss }: FiguresProps) {
  const figures = textFigures(tokens);
  if (!figures) return null;
  const uniform = figuresOf(uniformLoss, tokens);
  const rows: readonly [title: string, value: string, guessing: string, share: number][] = [
    ['loss', figures.loss.toFixed(3), uniform.loss.toFixed(3), figures.loss / uniform.loss],
    ['perplexity', formatOdds(figures.perplexity), formatOdds(uniform.perplexity), figures.loss / uniform.loss],
    [
      'bits per byte',
      figures.bitsPerByte.toFixed(2),
      uniform.bitsPerByte.toFixed(2),
      figures.bitsPerByte / uniform.bitsPerByte,
    ],
  ];
  return (
    <dl class="figures">
      {rows.map(([title, value, guessing, share]) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>
            {value}
            <span class="meter">
              <span style={{ width: `${Math.min(100, GUESSING_PERCENT * share)}%` }} />
            </span>
            <small>guessing {guessing}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}
